import { Failure } from '@acervo/kernel/failure.ts';
import { type Patient, patientRef } from '../../holdings/patient.ts';
import { type Envelope, type EventKind, envelopeOf } from '../../journal/event.ts';
import type { Recorder } from '../../journal/recorder.ts';
import { Retired } from '../../journal/retired.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Actor, Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { retiredAccesses } from './retired-accesses.ts';
import {
  eventsOfStudies,
  type Period,
  type StudyOfPatient,
  samePerson,
  studiesOf,
  wholeExports,
} from './rights.repo.ts';

/** Who an actor of the journal is, as far as the directory and the registry know. */
export type WhoIs = (actor: Actor) => { name?: string; institution?: string; place?: string } | undefined;

export type Ports = { db: Db; journalBlobs: BlobStore; journal: Pick<Recorder, 'record'>; whoIs: WhoIs };

/** Ways in which data of a patient reach somebody, by the kind of their event. */
export const ACCESS_KINDS = [
  'study.retrieved',
  'export.finished',
  'case-file.made',
] as const satisfies readonly EventKind[];

/** What somebody saw of a patient. */
export type Access = {
  /** The journal's id of the event, by which a sealed line can be asked for. */
  event: string;
  at: string;
  kind: (typeof ACCESS_KINDS)[number];
  actor: Actor;
  /** Name and institution of the actor today; absent for one that nobody knows any more. */
  who?: { name?: string; institution?: string; place?: string };
  /** Whose object was seen. */
  institution: string;
  /** '' for an export of everything that an institution holds. */
  study: string;
  door: string;
  purpose: string;
  /** How often within the few seconds that one row stands for. */
  count: number;
  /** What of the study: objects, metadata, frames, rendered, zip, ... */
  aspect: string;
  /** To which system it was sent, where that is not the actor. */
  receiver?: string;
};

export type AccessReport = {
  patient: string;
  /** The same person at other institutions that the caller sees: their accesses are told, too. */
  linked: string[];
  period: Period;
  madeAt: string;
  studies: number;
  accesses: Access[];
  /** Accesses before this moment were read from the journal segments; absent where none were in the period. */
  retiredBefore?: string;
  /** False where a bound cut it: ask for a shorter period. */
  isWhole: boolean;
};

const STUDIES_MAX = 5_000;
const ACCESSES_MAX = 10_000;

/**
 * Who saw the images of a patient, when, why and from where, as the journal tells. The asking itself becomes an event
 * before it is answered.
 * @throws {Failure} access/denied; retrieve/not-found for a patient that is not held, or not for this caller
 */
export async function accessesOf(ports: Ports, op: Op, patient: Patient, period: Period): Promise<AccessReport> {
  const { db, journal, whoIs } = ports;
  op.allow('audit', patient.institution);
  const persons = (await samePerson(db, patient)).filter(({ institution }) => op.may('audit', institution));
  const studies = await studiesOf(db, persons, STUDIES_MAX + 1);
  if (!studies.some(({ institution }) => institution === patient.institution)) {
    throw new Failure('retrieve/not-found', 'no such patient');
  }
  const institutions = [...new Set(persons.map(({ institution }) => institution))];
  const { events, ...whole } = await eventsOf(ports, { studies: studies.slice(0, STUDIES_MAX), institutions, period });
  const accesses = events.map((event) => accessOf(event, whoIs));
  const facts = { patient, from: period.from, until: period.until, accesses: accesses.length };
  await journal.record(envelopeOf(op, 'accesses.reported', { institution: patient.institution }, facts));
  return {
    patient: patientRef(patient),
    linked: persons.map(patientRef).filter((ref) => ref !== patientRef(patient)),
    period,
    madeAt: new Date().toISOString(),
    studies: Math.min(studies.length, STUDIES_MAX),
    accesses,
    ...whole,
    isWhole: whole.isWhole && studies.length <= STUDIES_MAX,
  };
}

/**
 * The same of one study alone, whoever else the patient is: what a case file holds. Who may ask is decided before, and
 * the asking is an event of whoever asks.
 * @param patient  '' where the study names none
 */
export async function accessesOfStudy(
  ports: Pick<Ports, 'db' | 'journalBlobs' | 'whoIs'>,
  study: StudyOfPatient & { patient: string },
  period: Period,
): Promise<AccessReport> {
  const { events, ...whole } = await eventsOf(ports, { studies: [study], institutions: [study.institution], period });
  return {
    patient: study.patient,
    linked: [],
    period,
    madeAt: new Date().toISOString(),
    studies: 1,
    accesses: events.map((event) => accessOf(event, ports.whoIs)),
    ...whole,
  };
}

type Told = { events: readonly Envelope[] } & Pick<AccessReport, 'isWhole' | 'retiredBefore'>;

/** Events by which studies reached somebody: of the database, and of the journal segments where months were retired. */
async function eventsOf(
  { db, journalBlobs }: Pick<Ports, 'db' | 'journalBlobs'>,
  asked: { studies: readonly StudyOfPatient[]; institutions: readonly string[]; period: Period },
): Promise<Told> {
  const { studies, institutions, period } = asked;
  const [ofStudies, ofAll] = await Promise.all([
    eventsOfStudies(db, studies, ACCESS_KINDS, period, ACCESSES_MAX + 1),
    wholeExports(db, institutions, period, ACCESSES_MAX + 1),
  ]);
  const retired = await Retired.of(db);
  const { before } = retired;
  const isOlder = before !== undefined && period.from < before;
  const older = isOlder
    ? await retiredAccesses(retired, journalBlobs, { kinds: ACCESS_KINDS, ...asked }, ACCESSES_MAX + 1)
    : [];
  const events = [...older, ...ofStudies, ...ofAll].sort((a, b) => (a.at < b.at ? -1 : 1));
  return {
    events: events.slice(0, ACCESSES_MAX),
    ...(isOlder && { retiredBefore: before }),
    isWhole: events.length <= ACCESSES_MAX,
  };
}

function accessOf({ id, at, kind, actor, institution, study, door, purpose, facts }: Envelope, whoIs: WhoIs): Access {
  const who = whoIs(actor);
  const text = (name: string): string | undefined => (typeof facts[name] === 'string' ? facts[name] : undefined);
  const receiver = text('destination') ?? text('receiver');
  return {
    event: id,
    at,
    kind: kind as Access['kind'],
    actor,
    ...(who && { who }),
    institution,
    study,
    door,
    purpose,
    count: typeof facts['count'] === 'number' ? facts['count'] : 1,
    aspect: text('aspect') ?? 'objects',
    ...(receiver !== undefined && receiver !== actor.id && { receiver }),
  };
}
