import { asJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Rule, readRule } from '@acervo/model/routing/rule.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { checkDestinations, type Destinations, NO_DESTINATIONS } from './destinations.ts';
import { ruleChangeOf } from './projection.ts';
import { applyRuleChanges, lastVersion, listRules, lockRules, type RuleRow } from './rule.repo.ts';

/** Of one institution, and in one list. */
export const RULES_MAX = 1_000;

/** How a rule is named to people: a version says what it said when it said it. */
export const ruleName = ({ institution, name, version }: Pick<RuleRow, 'institution' | 'name' | 'version'>): string =>
  `${institution}/${name}@${version}`;

/** @throws {Failure} request/invalid, naming each place */
export function understoodRule(value: unknown): Rule {
  const read = readRule(value);
  if ('rule' in read) return read.rule;
  throw new Failure('request/invalid', read.breaches.map(({ at, what }) => `${at || '/'} ${what}`).join('; '));
}

/**
 * Put a rule in force, as the next version where there was one of this id. What was said before stays to be read, and
 * studies are not routed anew.
 * @param systems  where results may be sent (`deliverTo`)
 * @throws {Failure} request/invalid, access/denied
 */
export async function addRule(
  db: Db,
  op: Op,
  value: unknown,
  systems: Destinations = NO_DESTINATIONS,
): Promise<RuleRow> {
  const rule = understoodRule(value);
  const { institution, id: name } = rule;
  op.allow('route-ai', institution);
  checkDestinations(systems, institution, rule.deliverTo);
  return changing(db, async (sql) => {
    const known = await lastVersion(sql, institution, name);
    const inForce = await listRules(sql, { institution, inForce: true }, RULES_MAX);
    if (known === undefined && inForce.length >= RULES_MAX) {
      throw new Failure('request/invalid', `${RULES_MAX} rules of ${institution} are in force`);
    }
    const version = (known?.version ?? 0) + 1;
    const facts = { name, version, rule: asJson(rule) };
    const event = envelopeOf(op, 'ai-rule.added', { institution }, facts);
    await insertEvents(sql, [event]);
    await applyRuleChanges(sql, [ruleChangeOf(event)]);
    return written(sql, institution, name);
  });
}

/** A rule says nothing any more. @throws {Failure} request/not-found, access/denied */
export async function removeRule(db: Db, op: Op, of: { institution: string; name: string }): Promise<RuleRow> {
  const { institution, name } = of;
  op.allow('route-ai', institution);
  return changing(db, async (sql) => {
    const known = await lastVersion(sql, institution, name);
    if (known === undefined || known.removedAt !== null) throw new Failure('request/not-found', `no rule ${name}`);
    const event = envelopeOf(op, 'ai-rule.removed', { institution }, { name });
    await insertEvents(sql, [event]);
    await applyRuleChanges(sql, [ruleChangeOf(event)]);
    return written(sql, institution, name);
  });
}

/**
 * Rules of an institution, all versions. @param institution  undefined: of all, for the archive's own commands
 * @throws {Failure} access/denied
 */
export async function rulesOf(sql: Sql, op: Op, institution: string | undefined): Promise<RuleRow[]> {
  checkWatch(op, institution);
  return listRules(sql, { institution, inForce: false }, RULES_MAX);
}

/** Who may know what models do at an institution, silent ones too. @throws {Failure} access/denied */
export function checkWatch(op: Op, institution: string | undefined): void {
  if (institution === undefined && op.actor.kind !== 'process') throw new Failure('access/denied', 'of all');
  op.allow('watch-ai', institution ?? op.institution);
}

function changing<T>(db: Db, change: (sql: Sql) => Promise<T>): Promise<T> {
  return db.transaction(async (sql) => {
    await lockRules(sql);
    return change(sql);
  });
}

async function written(sql: Sql, institution: string, name: string): Promise<RuleRow> {
  const row = await lastVersion(sql, institution, name);
  if (row === undefined) throw new Failure('request/not-found', `no rule ${name}`);
  return row;
}
