import { Failure } from '@acervo/kernel/failure.ts';
import { refused } from '@acervo/model/lifecycle/rules.ts';
import { NATION } from '@acervo/model/lifecycle/states.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import type { Version } from './approvals.ts';
import {
  causeAt,
  lockGovernance,
  packagesBy,
  type StateRow,
  signedStep,
  stateOf,
  statesAt,
} from './governance.repo.ts';
import { allowPerson, grantsOf, orRefused, type Ports, refusalOf } from './refusing.ts';
import { standingIn, standingOf } from './standing.ts';
import { step, type Taken } from './steps.ts';

const RUNNING: ReadonlySet<string> = new Set(['silencioso', 'limitado', 'general']);
const isInUse = ({ state }: StateRow): boolean => state === 'limitado' || state === 'general';

/** Whose office it is to stop, for the nation or at a site of its own; anybody else who may breaks glass. */
const NATIONAL_OFFICES: ReadonlySet<string> = new Set(['authority', 'regulatory-liaison']);

/**
 * Suspend a version, for the nation or at a site: at once, without signatures. It only ever stops.
 * @throws {Failure} governance/forbidden; governance/refused where nothing runs
 */
export function suspend(
  ports: Ports,
  op: Op,
  { model, version }: Version,
  { site, reason }: { site: string | null; reason: string },
): Promise<Taken> {
  const about = { what: 'suspend', package: `${model} ${version}`, site, to: 'suspendido' };
  return orRefused(ports, op, about, async () => {
    allowStop(op, site);
    return ports.db.transaction(async (sql) => {
      await lockGovernance(sql);
      const standing = await standingOf(ports, op, sql, { model, version, site });
      return step(ports, sql, op, {
        standing,
        to: 'suspendido',
        statement: { reason },
        cause: causeOf(ports, op, site),
      });
    });
  });
}

function allowStop(op: Op, site: string | null): void {
  if (op.actor.kind !== 'process') allowPerson(op, 'stop-model', site ?? op.institution);
}

function causeOf(ports: Ports, op: Op, site: string | null): 'asked' | 'break-glass' {
  const isOffice = grantsOf(ports, op.actor.id).some(({ role, institution }) =>
    role === 'site-chief' ? institution === site : NATIONAL_OFFICES.has(role) && institution === NATION,
  );
  return op.actor.kind === 'process' || isOffice ? 'asked' : 'break-glass';
}

/**
 * Everything of AI that runs at a site stops in one act (G46). Other processes follow within seconds. What was stopped
 * comes back model by model, with fresh signatures.
 * @throws {Failure} governance/forbidden
 */
export function stopSite(ports: Ports, op: Op, site: string, reason: string): Promise<Taken[]> {
  return orRefused(ports, op, { what: 'stop', site, to: 'suspendido' }, async () => {
    allowStop(op, site);
    return ports.db.transaction(async (sql) => {
      await lockGovernance(sql);
      const taken: Taken[] = [];
      for (const { package: digest } of (await statesAt(sql, site)).filter(({ state }) => RUNNING.has(state))) {
        taken.push(await stepOf(ports, sql, op, { digest, site, to: 'suspendido', reason, cause: 'site-stop' }));
      }
      const facts = { reason, packages: taken.length };
      await insertEvents(sql, [envelopeOf(op, 'site.ai-stopped', { institution: site }, facts)]);
      return taken;
    });
  });
}

type One = {
  digest: string;
  site: string;
  to: 'suspendido' | 'limitado' | 'general';
  reason: string;
  cause: 'site-stop' | 'rollback';
  percentage?: number | undefined;
};

async function stepOf(ports: Ports, sql: Sql, op: Op, one: One): Promise<Taken> {
  const { digest, site, to, reason, cause, percentage } = one;
  const [row] = await packagesBy(sql, [digest]);
  if (row === undefined) throw new Failure('request/not-found', 'no such package');
  const standing = await standingIn(sql, row, site);
  return step(ports, sql, op, { standing, to, statement: { reason, percentage }, cause });
}

/**
 * The version that was in use before takes the place of the present one, in one act, by the signatures that it has:
 * as long as they hold (G56).
 * @throws {Failure} governance/refused where there is none that is still approved, or the site has stopped its AI
 */
export function rollBack(ports: Ports, op: Op, site: string, model: string, reason: string): Promise<Taken[]> {
  return orRefused(ports, op, { what: 'rollback', package: model, site }, async () => {
    if (op.actor.kind !== 'process') allowPerson(op, 'govern-model', site);
    return ports.db.transaction(async (sql) => {
      await lockGovernance(sql);
      const states = (await statesAt(sql, site)).filter((each) => each.model === model);
      const former = states.find(({ state }) => state === 'sustituido');
      const signed = former === undefined ? undefined : await lastInUse(sql, former);
      if (former === undefined || signed === undefined) throw refusalOf([refused('G56/rollback')]);
      if (await isStopped(sql, states)) throw refusalOf([refused('G46/stopped')]);
      const taken: Taken[] = [];
      for (const { package: digest } of states.filter(isInUse)) {
        taken.push(await stepOf(ports, sql, op, { digest, site, to: 'suspendido', reason, cause: 'rollback' }));
      }
      const { to, percentage } = signed;
      const restored = { digest: former.package, site, to, reason, cause: 'rollback', percentage } as const;
      taken.push(await stepOf(ports, sql, op, restored));
      return taken;
    });
  });
}

/** Has the site stopped the model, and put no version of it to use since? Signatures of before bring none back. */
async function isStopped(sql: Sql, states: readonly StateRow[]): Promise<boolean> {
  if (states.some(isInUse)) return false;
  const [last] = states.filter(({ state }) => state === 'suspendido').sort((a, b) => b.revision - a.revision);
  return last !== undefined && (await causeAt(sql, last.revision)) === 'site-stop';
}

/** What a former version was last signed for. */
async function lastInUse(
  sql: Sql,
  { package: digest, site }: StateRow,
): Promise<{ to: 'limitado' | 'general'; percentage: number | undefined } | undefined> {
  const limited = await signedStep(sql, { package: digest, site, to: 'limitado' });
  const general = await signedStep(sql, { package: digest, site, to: 'general' });
  if (general !== undefined && general.revision > (limited?.revision ?? 0))
    return { to: 'general', percentage: undefined };
  return limited && { to: 'limitado', percentage: limited.percentage ?? undefined };
}

/** What has expired is suspended, whoever signed it. In a process of the archive. @returns whether it was so */
export function suspendExpired(ports: Ports, op: Op, { package: digest, site }: StateRow): Promise<boolean> {
  return ports.db.transaction(async (sql) => {
    await lockGovernance(sql);
    const held = await stateOf(sql, digest, site);
    const [row] = await packagesBy(sql, [digest]);
    // Another process may have done it, or it was signed anew.
    const isExpired = held?.expiresAt != null && held.expiresAt <= ports.now().toISOString();
    if (row === undefined || !isExpired || held.state === 'suspendido') return false;
    const standing = await standingIn(sql, row, site === '' ? null : site);
    const statement = { reason: 'suspendido:expired' };
    await step(ports, sql, op, { standing, to: 'suspendido', statement, cause: 'expired' });
    return true;
  });
}
