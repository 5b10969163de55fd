import { asJson } from '@acervo/kernel/canonical-json.ts';
import { newId } from '@acervo/kernel/id.ts';
import { approvalText } from '@acervo/model/lifecycle/approval.ts';
import type { Statement } from '@acervo/model/lifecycle/evidence.ts';
import { type Judgement, judge } from '@acervo/model/lifecycle/judge.ts';
import type { State } from '@acervo/model/lifecycle/states.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import type { Version } from './approvals.ts';
import {
  approvalsFor,
  type Cause,
  lockGovernance,
  nextRevision,
  packagesBy,
  putStep,
  type StepRow,
  signedStep,
  statesAt,
} from './governance.repo.ts';
import { allowPerson, grantsOf, orRefused, type Ports, refusalOf } from './refusing.ts';
import { givenBy } from './signers.ts';
import { evidenceOf, type Standing, sinceOf, standingIn, standingOf, subjectOf } from './standing.ts';

export type Taken = { model: string; version: string; site: string | null; from: State; to: State; cause: Cause };

export type Asked = Statement & { to: State; site: string | null };

/**
 * Take a step of the life-cycle: its guards are met and its signatures are there, or nothing changes.
 * @throws {Failure} governance/forbidden, governance/refused, governance/unavailable with the rules
 */
export function takeStep(ports: Ports, op: Op, { model, version }: Version, asked: Asked): Promise<Taken> {
  const { to, site, ...statement } = asked;
  return orRefused(ports, op, { what: 'step', package: `${model} ${version}`, site, to }, async () => {
    allowPersonOrOwner(op, site);
    return ports.db.transaction(async (sql) => {
      await lockGovernance(sql);
      const standing = await standingOf(ports, op, sql, { model, version, site });
      // First what gives way: one version of a model is in use at a site.
      if (site !== null && (to === 'limitado' || to === 'general')) await giveWay(ports, sql, op, standing);
      return step(ports, sql, op, { standing, to, statement, cause: 'asked' });
    });
  });
}

/** The owner of the archive's files may ask for what needs no signature of his; systems may ask for nothing. */
function allowPersonOrOwner(op: Op, site: string | null): void {
  if (op.actor.kind !== 'process') allowPerson(op, 'govern-model', site ?? op.institution);
}

/** Another version of the model that is in use at the site is replaced. */
async function giveWay(ports: Ports, sql: Sql, op: Op, { row, site }: Standing): Promise<void> {
  for (const other of await statesAt(sql, site ?? '')) {
    const isInUse = other.state === 'limitado' || other.state === 'general';
    if (other.model !== row.model || other.package === row.digest || !isInUse) continue;
    const [known] = await packagesBy(sql, [other.package]);
    if (known === undefined) continue;
    const standing = await standingIn(sql, known, site);
    const statement = { reason: `${row.model} ${row.version}` };
    await step(ports, sql, op, { standing, to: 'sustituido', statement, cause: 'replaced' });
  }
}

export type Wanted = { standing: Standing; to: State; statement: Statement; cause: Cause };

/**
 * One step in the transaction of its event. The caller holds the lock.
 * @throws {Failure} governance/... with the rules
 */
export async function step(ports: Ports, sql: Sql, op: Op, wanted: Wanted): Promise<Taken> {
  const { standing, to, statement, cause } = wanted;
  const { row, facts, scope, track, site, from } = standing;
  const at = ports.now().toISOString();
  const evidence = await evidenceOf(sql, standing, { to, statement, at, isReplaced: cause === 'replaced' });
  const approvals = await approvalsFor(sql, { package: row.digest, site: site ?? '', to });
  const judged = await judge({
    scope,
    track,
    from,
    to,
    site,
    evidence,
    asker: { kind: op.actor.kind, grants: grantsOf(ports, op.actor.id) },
    given: await givenBy(ports, sql, approvals, row, sinceOf(standing)),
    asked: { subject: subjectOf(standing, to, statement.percentage), supplier: facts.supplier, at },
  });
  if (!judged.isAccepted) throw refusalOf(judged.found);
  const used = judged.approvals.map((approval) => {
    const text = approvalText(approval);
    return approvals.find(({ document }) => document === text)?.id ?? '';
  });
  await write(sql, op, { ...wanted, judged, used, at });
  return { model: row.model, version: row.version, site, from, to, cause };
}

type Accepted = Extract<Judgement, { isAccepted: true }>;

async function write(
  sql: Sql,
  op: Op,
  { standing, to, statement, cause, judged, used, at }: Wanted & { judged: Accepted; used: string[]; at: string },
): Promise<void> {
  const { row, scope, track, site, from } = standing;
  const { edge, verdicts } = judged;
  const relied =
    edge.isRestored === true ? await signedStep(sql, { package: row.digest, site: site ?? '', to }) : undefined;
  const told: StepRow = {
    revision: await nextRevision(sql),
    id: newId(),
    package: row.digest,
    site: site ?? '',
    track,
    edge: edge.id,
    scope,
    from,
    to,
    percentage: to === 'limitado' ? (statement.percentage ?? null) : null,
    cause,
    actorKind: op.actor.kind,
    actor: op.actor.id,
    at,
    statement: asJson(statement) as object,
    verdicts: verdicts.map(({ rule, outcome }) => ({ rule, outcome })),
    approvals: used,
    reliesOn: relied?.revision ?? null,
  };
  const facts = { step: asJson(told) };
  await insertEvents(sql, [envelopeOf(op, 'model.stepped', { institution: site ?? '' }, facts)]);
  await putStep(sql, told);
}
