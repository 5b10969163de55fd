import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { type Finding, type RuleId, refused } from '@acervo/model/lifecycle/rules.ts';
import { NATION } from '@acervo/model/lifecycle/states.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { DeskAction } from '../../ports/policy.ts';
import type { Db } from '../../ports/sql.ts';

/** What use cases of the life-cycle work on. */
export type Ports = {
  db: Db;
  directory: Directory;
  now: () => Date;
};

/** Who one is, not what one asks for. */
const OF_WHO: ReadonlySet<RuleId> = new Set([
  'G01/service-account',
  'G01/second-factor',
  'G01/key',
  'G01/role',
  'G02/developer',
  'G02/one-person',
  'G02/incompatible',
  'G03/site',
  'G03/role',
  'G06/undeclared',
]);

/** A refusal with the ids of its rules; it is told to who asked, and to the journal. */
export function refusalOf(found: readonly Finding[]): Failure {
  const rules = [...new Set(found.map(({ rule }) => rule))];
  const why = found.map(({ rule, why: words }) => `${rule}: ${words}`).join('; ');
  return new Failure(codeOf(found), why, { rules });
}

function codeOf(found: readonly Finding[]): FailureCode {
  if (found.some(({ rule }) => OF_WHO.has(rule))) return 'governance/forbidden';
  return found.every(({ outcome }) => outcome === 'unavailable') ? 'governance/unavailable' : 'governance/refused';
}

/** What is asked for, as far as a refusal tells it. */
export type About = { what: string; package?: string; site?: string | null; to?: string };

/** Do it, or write down by which rules it was refused before saying so. */
export async function orRefused<T>({ db }: Ports, op: Op, about: About, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.rules.length === 0) throw thrown;
    const { what, package: digest = '', site, to = '' } = about;
    const facts = { what, package: digest, site: site ?? '', to, rules: thrown.rules };
    const subject = { outcome: 'failure', ...(site && { institution: site }) } as const;
    await insertEvents(db, [envelopeOf(op, 'model.step-refused', subject, facts)]);
    throw thrown;
  }
}

/** @throws {Failure} governance/forbidden, saying whether it is the role, the factor, or that it is no person */
export function allowPerson(op: Op, action: DeskAction, institution: string): void {
  if (op.actor.kind !== 'person') throw refusalOf([refused('G01/service-account', op.actor.id)]);
  if (op.may(action, institution)) return;
  throw refusalOf([refused(isStrong(op) ? 'G01/role' : 'G01/second-factor', `${action} at ${institution}`)]);
}

/** Does a person decide for the nation: by a role that is held for all institutions? */
export const isNational = (ports: Ports, op: Op): boolean =>
  grantsOf(ports, op.actor.id).some(({ institution }) => institution === NATION);

export const isStrong = ({ authentication }: Op): boolean =>
  authentication?.strength === 'second-factor' || authentication?.strength === 'certificate';

/** Roles of a person in force, each with where it is held. */
export function grantsOf({ directory, now }: Ports, person: string): { role: string; institution: string }[] {
  const known = directory.person(person);
  const at = now().toISOString();
  if (known?.isActive !== true) return [];
  return known.roles
    .filter(({ from, until }) => from <= at && (until === undefined || at < until))
    .map(({ role, institution }) => ({ role, institution }));
}
