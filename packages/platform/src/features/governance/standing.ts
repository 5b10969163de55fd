import { Failure } from '@acervo/kernel/failure.ts';
import type { Subject } from '@acervo/model/lifecycle/approval.ts';
import type { Evidence, PackageFacts, Statement } from '@acervo/model/lifecycle/evidence.ts';
import {
  INITIAL,
  NATION,
  type NationalState,
  type Scope,
  type State,
  type Track,
} from '@acervo/model/lifecycle/states.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type PackageRow, packageOf, type StateRow, signedStep, stateOf } from './governance.repo.ts';
import { factsOf } from './package-facts.ts';
import { isNational, type Ports } from './refusing.ts';

/** Where a package stands, for the nation and at one site, with what it says of itself. */
export type Standing = {
  row: PackageRow;
  facts: PackageFacts;
  national: StateRow | undefined;
  /** Of the scope that is asked about. */
  held: StateRow | undefined;
  track: Track;
  scope: Scope;
  site: string | null;
  from: State;
};

type Version = { model: string; version: string };

/** @throws {Failure} request/not-found, as `packageSeen` */
export async function standingOf(
  ports: Ports,
  op: Op,
  sql: Sql,
  { site, ...of }: Version & { site: string | null },
): Promise<Standing> {
  return standingIn(sql, await packageSeen(ports, op, sql, of), site);
}

/**
 * A package that is everybody's, or the caller's institution's, or has a state there; of others for who decides for the
 * nation, as the registry shows it (decision 0041).
 * @throws {Failure} request/not-found, also for what the caller may not see
 */
export async function packageSeen(ports: Ports, op: Op, sql: Sql, { model, version }: Version): Promise<PackageRow> {
  const row = await packageOf(sql, model, version);
  if (row !== undefined) {
    const isSeen = row.owner === NATION || op.may('read-model', row.owner) || isNational(ports, op);
    // What runs at a site is its to know and to stop, whoever owns it.
    if (isSeen || (await stateOf(sql, row.digest, op.institution)) !== undefined) return row;
  }
  throw new Failure('request/not-found', 'no such version of a model');
}

export async function standingIn(sql: Sql, row: PackageRow, site: string | null): Promise<Standing> {
  const facts = await factsOf(row);
  const national = await stateOf(sql, row.digest, '');
  const held = site === null ? national : await stateOf(sql, row.digest, site);
  const scope = site === null ? 'nacional' : 'sitio';
  const told = facts.useStatus === 'demostracion' ? 'demostracion' : 'clinico';
  const track = held?.track ?? national?.track ?? told;
  return { row, facts, national, held, track, scope, site, from: held?.state ?? INITIAL[scope] };
}

/** What guards see. Nothing of it is sent by who asks, but for the statement. */
export async function evidenceOf(
  sql: Sql,
  { row, facts, national, held, scope, site }: Standing,
  { to, statement, at, isReplaced }: { to: State; statement: Statement; at: string; isReplaced: boolean },
): Promise<Evidence> {
  const isRestored = scope === 'sitio' && held?.state === 'sustituido';
  const signed = isRestored ? await signedStep(sql, { package: row.digest, site: site ?? '', to }) : undefined;
  const isFormer = signed !== undefined && signed.until > at;
  return {
    package: facts,
    national: {
      state: (national?.state ?? INITIAL.nacional) as NationalState,
      isExpired: national?.expiresAt != null && national.expiresAt <= at,
    },
    before: held?.before ?? undefined,
    // Nothing of this archive measures models yet: what needs it answers `unavailable`.
    measured: {},
    statement,
    isReplaced,
    former: isFormer ? { state: signed.to, percentage: signed.percentage ?? undefined } : undefined,
  };
}

/** Revision of the step by which the state began that it stands in. */
export const sinceOf = ({ held }: Standing): number => held?.revision ?? 0;

export const subjectOf = ({ facts, from, site }: Standing, to: State, percentage: number | undefined): Subject => ({
  digests: facts.digests,
  from,
  to,
  site,
  percentage: percentage ?? null,
});
