import type { Approval } from '@acervo/model/lifecycle/approval.ts';
import { verdictsOf } from '@acervo/model/lifecycle/judge.ts';
import { type Asker, edgeOf, edgesFrom, type Slot } from '@acervo/model/lifecycle/machine.ts';
import { judgeApproval } from '@acervo/model/lifecycle/quorum.ts';
import { type RuleId, refused, type Verdict } from '@acervo/model/lifecycle/rules.ts';
import { NATION, type State, type Track } from '@acervo/model/lifecycle/states.ts';
import type { Op } from '../../ports/op.ts';
import type { Version } from './approvals.ts';
import {
  approvalsOf,
  type HeldApproval,
  type PackageRow,
  type StateRow,
  type StepRow,
  statesAt,
  statesOf,
  stepsOf,
} from './governance.repo.ts';
import { isNational, type Ports } from './refusing.ts';
import { givenBy } from './signers.ts';
import { evidenceOf, packageSeen, type Standing, sinceOf, standingIn, subjectOf } from './standing.ts';

const LIST_MAX = 1000;

export type Shown = {
  model: string;
  version: string;
  package: string;
  track: Track;
  /** What is to be shown wherever it is named. */
  mark: 'demostración' | undefined;
  digests: Standing['facts']['digests'];
  national: Place;
  /** Those that the caller may know of. */
  sites: readonly Place[];
};
export type Place = Pick<StateRow, 'site' | 'percentage' | 'before' | 'expiresAt'> & {
  state: State;
  /** What there is to go on to, and what stands against it. */
  next: readonly { to: State; by: readonly Asker[]; signatures: readonly Slot[]; verdicts: readonly Verdict[] }[];
};

/** Where a version stands, and what each step from there would need. @throws {Failure} request/not-found */
export async function showState(ports: Ports, op: Op, { model, version }: Version): Promise<Shown> {
  const { db } = ports;
  const row = await packageSeen(ports, op, db, { model, version });
  const nation = await standingIn(db, row, null);
  const states = await statesOf(db, row.digest, sitesOf(ports, op));
  const sites = new Set(states.map(({ site }) => site).filter((site) => site !== ''));
  // The caller's own, also where nothing was decided there yet.
  if (op.actor.kind === 'person') sites.add(op.institution);
  const { track, facts } = nation;
  return {
    model,
    version,
    package: row.digest,
    track,
    mark: track === 'demostracion' ? 'demostración' : undefined,
    digests: facts.digests,
    national: await placeOf(ports, nation),
    sites: await Promise.all([...sites].map(async (site) => placeOf(ports, await standingIn(db, row, site)))),
  };
}

/** Who decides for the nation sees all sites; others the nation and their own. */
function sitesOf(ports: Ports, op: Op): readonly string[] | undefined {
  if (op.actor.kind === 'process') return undefined;
  return op.actor.kind === 'person' && isNational(ports, op) ? undefined : ['', op.institution];
}

async function placeOf({ db, now }: Ports, standing: Standing): Promise<Place> {
  const { scope, track, from, held, site } = standing;
  const at = now().toISOString();
  const next: Place['next'][number][] = [];
  for (const edge of edgesFrom(scope, track, from)) {
    const statement = { reason: '', percentage: edge.guards.includes('percentage') ? 1 : undefined };
    const evidence = await evidenceOf(db, standing, { to: edge.to, statement, at, isReplaced: false });
    next.push({ to: edge.to, by: edge.by, signatures: edge.signatures, verdicts: verdictsOf(edge, evidence) });
  }
  const { percentage = null, before = null, expiresAt = null } = held ?? {};
  return { site: site ?? NATION, state: from, percentage, before, expiresAt, next };
}

/** A name is the directory's: '' for who is not in it, or is no person. */
export type Named<T> = T & { name: string };

/** Every step of a version, the newest first. @throws {Failure} request/not-found */
export async function showHistory(
  ports: Ports,
  op: Op,
  { model, version }: Version,
): Promise<readonly Named<StepRow>[]> {
  const row = await packageSeen(ports, op, ports.db, { model, version });
  const steps = await stepsOf(ports.db, row.digest, sitesOf(ports, op), LIST_MAX);
  return steps.map((step) => ({ ...step, name: step.actorKind === 'person' ? nameOf(ports, step.actor) : '' }));
}

const nameOf = ({ directory }: Ports, person: string): string => directory.person(person)?.name ?? '';

/** An approval as it was signed, and the rules by which it counts for no step from here; none: it counts. */
export type ShownApproval = Named<HeldApproval> & { against: readonly RuleId[] };

/** Approvals as they were signed, so that anybody can verify them. @throws {Failure} request/not-found */
export async function showApprovals(ports: Ports, op: Op, { model, version }: Version): Promise<ShownApproval[]> {
  const row = await packageSeen(ports, op, ports.db, { model, version });
  const sites = sitesOf(ports, op);
  const shown: ShownApproval[] = [];
  for (const held of await approvalsOf(ports.db, row.digest, LIST_MAX)) {
    const approval = JSON.parse(held.document) as Approval;
    if (sites !== undefined && !sites.includes(approval.sitio ?? '')) continue;
    const against = held.isUsed ? (['G04/used'] as const) : await againstIt(ports, row, held, approval);
    shown.push({ ...held, name: nameOf(ports, approval.persona), against });
  }
  return shown;
}

/** By the judge of steps: from where the version stands now, as who signed is known now. */
async function againstIt(ports: Ports, row: PackageRow, held: HeldApproval, approval: Approval): Promise<RuleId[]> {
  // Of a key that is nobody's any more nothing else is known.
  if (held.keyOwner === null) return ['G01/key'];
  const standing = await standingIn(ports.db, row, approval.sitio);
  const edge = edgeOf(standing.scope, standing.track, standing.from, approval.a);
  if (edge === undefined || approval.de !== standing.from) return ['G37/edge'];
  const subject = subjectOf(standing, approval.a, approval.porcentaje ?? undefined);
  const asked = { edge, subject, supplier: standing.facts.supplier, at: ports.now().toISOString() };
  const [given] = await givenBy(ports, ports.db, [held], row, sinceOf(standing));
  const judged = given === undefined ? [refused('G01/key')] : await judgeApproval(given, asked);
  return Array.isArray(judged) ? [...new Set(judged.map(({ rule }) => rule))] : [];
}

/** What there is of AI at a site. */
export const showSite = ({ db }: Ports, site: string): Promise<StateRow[]> => statesAt(db, site);
