import { isValidUid } from '@acervo/dicom/uid.ts';
import type {
  Activity as ActivityAnswer,
  Devices,
  Holders,
  Institutions as InstitutionsAnswer,
  Refusal,
  Storage,
} from '@acervo/interop/console/answers.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Institutions } from '../../holdings/find.repo.ts';
import { scopeOf, viewOf } from '../../holdings/scope.ts';
import type { Envelope, EventKind } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { standingOf } from '../../ports/view.ts';
import { type Activity, STEP_SECONDS } from './activity.ts';
import { Remembered } from './remembered.ts';
import {
  countSegments,
  type DeviceRow,
  findHolders,
  listInstitutions,
  recentDevices,
  recentEvents,
  recentSince,
} from './status.repo.ts';

/** What the process knows of itself. */
export type StatusPorts = {
  db: Db;
  activity: Activity;
  associationsMax: number;
  disk(): Promise<Storage['disk']>;
};

const REFUSED = ['instance.refused', 'association.refused'] as const satisfies readonly EventKind[];
const REFUSALS_MAX = 100;
const DEVICES_MAX = 500;
const INSTITUTIONS_MAX = 2_000;
export const HOLDERS_MAX = 100;

/** How old an answer may be, in milliseconds: pages ask every few seconds. */
const REFUSALS_AGE_MS = 2_000;
const DEVICES_AGE_MS = 15_000;
const SEGMENTS_AGE_MS = 30_000;
const INSTITUTIONS_AGE_MS = 30_000;

/** What the console's pages ask, each for the institutions that the caller sees. */
export class Status {
  readonly #ports: StatusPorts;
  readonly #refusals: Remembered<Refusal[]>;
  readonly #devices: Remembered<Devices>;
  readonly #segments: Remembered<Storage['segments']>;
  readonly #institutions: Remembered<string[]>;

  constructor(ports: StatusPorts) {
    const { db } = ports;
    this.#ports = ports;
    this.#refusals = new Remembered(REFUSALS_AGE_MS, (key) => journaled(db, seenBy(key)));
    this.#devices = new Remembered(DEVICES_AGE_MS, (key) => devices(db, seenBy(key)));
    this.#segments = new Remembered(SEGMENTS_AGE_MS, () => countSegments(db));
    this.#institutions = new Remembered(INSTITUTIONS_AGE_MS, () => listInstitutions(db, INSTITUTIONS_MAX));
  }

  /** @throws {Failure} access/denied */
  async activity(op: Op): Promise<ActivityAnswer> {
    const sees = scopeOf(op);
    const { activity, associationsMax } = this.#ports;
    // With the database away this is what a person wants to see most: what the process itself knows goes out.
    const fromJournal = await this.#refusals.of(keyOf(sees)).catch((thrown: unknown) => {
      op.log.warn('status.journal-unread', { op: op.id, code: toFailure(thrown).code });
      return undefined;
    });
    const refusals = [...(fromJournal ?? []), ...activity.refusals(sees)];
    return {
      now: new Date().toISOString(),
      since: activity.since,
      associations: activity.associations(sees),
      associationsMax,
      stepSeconds: STEP_SECONDS,
      steps: activity.steps(sees),
      refusals: refusals.sort((a, b) => b.at.localeCompare(a.at)).slice(0, REFUSALS_MAX),
      isPartial: fromJournal === undefined,
    };
  }

  /** @throws {Failure} access/denied */
  devices(op: Op): Promise<Devices> {
    return this.#devices.of(keyOf(scopeOf(op)));
  }

  /** @throws {Failure} access/denied */
  async storage(op: Op): Promise<Storage> {
    scopeOf(op);
    const [disk, segments] = await Promise.all([this.#ports.disk(), this.#segments.of('')]);
    return { disk, segments };
  }

  /** @throws {Failure} access/denied */
  async institutions(op: Op): Promise<InstitutionsAnswer> {
    const view = viewOf(op, 'query');
    const all = await this.#institutions.of('');
    return { institutions: all.filter((institution) => standingOf(view, institution) !== 'none') };
  }

  /** @throws {Failure} access/denied, request/invalid */
  async holders(op: Op, studies: readonly string[]): Promise<Holders> {
    const view = viewOf(op, 'query');
    if (studies.length > HOLDERS_MAX) throw new Failure('request/invalid', `more than ${HOLDERS_MAX} studies`);
    if (!studies.every(isValidUid)) throw new Failure('request/invalid', 'study: no UID (PS3.5 9.1)');
    const holders: Record<string, string[]> = {};
    for (const { study, institution } of await findHolders(this.#ports.db, studies, view)) {
      holders[study] = [...(holders[study] ?? []), institution];
    }
    return { holders };
  }
}

/** Institution codes hold no separator. */
const keyOf = (sees: Institutions): string => (sees === undefined ? '*' : [...sees].sort().join('|'));
const seenBy = (key: string): Institutions => (key === '*' ? undefined : key.split('|').filter((code) => code !== ''));

async function journaled(db: Db, sees: Institutions): Promise<Refusal[]> {
  const events = await recentEvents(db, REFUSED, sees, REFUSALS_MAX);
  return events.map(({ event }) => {
    const { at, door, actor, institution, facts } = JSON.parse(event) as Envelope;
    return {
      at,
      door,
      who: actor.id,
      institution,
      reason: String(facts['reason']),
      count: Number(facts['count'] ?? 1),
    };
  });
}

async function devices(db: Db, sees: Institutions): Promise<Devices> {
  const [rows, since] = await Promise.all([recentDevices(db, sees, DEVICES_MAX), recentSince(db)]);
  return { devices: rows.map(deviceOf), ...since };
}

function deviceOf({
  system,
  institution,
  lastSeen,
  studies,
  instances,
  ...marks
}: DeviceRow): Devices['devices'][number] {
  return { system, institution, lastSeen, studies, instances, marks };
}
