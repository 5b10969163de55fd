import { type Routed, routed } from '@acervo/model/routing/routed.ts';
import type { Rule } from '@acervo/model/routing/rule.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { type DatedStudy, studiesSince } from './facts.repo.ts';
import { listRules } from './rule.repo.ts';
import { checkWatch, RULES_MAX, ruleName } from './rules.ts';

const PAGE = 1_000;
/** Of one institution; beyond it the answer says that it is cut. */
export const STUDIES_MAX = 100_000;
/** Ten years: what an archive holds from before it had rules can be looked at, too. */
export const DAYS_MAX = 3_660;
const DAY_MS = 86_400_000;

export type RuleVolume = {
  rule: string;
  model: string;
  /** Studies of the period that it chooses, and their instances' worth of a day. */
  studies: number;
  perDay: number;
};

export type DryRun = {
  institution: string;
  days: number;
  from: string;
  /** Studies of the period. */
  studies: number;
  isCut: boolean;
  /** What rules would choose, each by itself. */
  volumes: RuleVolume[];
  /** Tasks, a study counting once for each model. */
  models: { model: string; studies: number; perDay: number }[];
  /** What stood against the others: by which rule and which member of it. */
  refusals: { rule: string; why: string; studies: number }[];
  /** Rules that ask for a View Position, which no index has: of these it is at most so many. */
  atMost: string[];
};

/**
 * What rules would have chosen among the studies of the last days, by Study Date: judged by the same function as
 * routing, over the index alone.
 * @param candidate  a rule that is not in force; then it alone is judged
 * @throws {Failure} access/denied
 */
export async function dryRun(
  sql: Sql,
  op: Op,
  of: { institution: string; days: number; candidate: Rule | undefined; now: number },
): Promise<DryRun> {
  const { institution, days, candidate, now } = of;
  checkWatch(op, institution);
  const rows = candidate === undefined ? await listRules(sql, { institution, inForce: true }, RULES_MAX) : [];
  const names = new Map(rows.map((row) => [row.name, ruleName(row)]));
  const rules = candidate === undefined ? rows.map(({ rule }) => rule) : [candidate];
  const tally = new Tally((id) => names.get(id) ?? `${institution}/${id}`);
  for (const rule of rules) if (rule.effect === 'run') tally.byRule(rule.id, rule.model, 0);
  const from = new Date(now - days * DAY_MS).toISOString().slice(0, 10);
  let before: { newest: string; studyKey: string } | undefined;
  for (let page: DatedStudy[] = []; tally.studies < STUDIES_MAX; ) {
    page = await studiesSince(sql, { institution, from, before }, PAGE);
    for (const study of page) tally.add(routed(rules, study));
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    before = { newest: last.newest, studyKey: last.studyKey };
    op.signal.throwIfAborted();
  }
  const atMost = rules.filter(({ scope }) => scope.viewPosition !== undefined).map(({ id }) => tally.nameOf(id));
  const isCut = tally.studies >= STUDIES_MAX;
  return { institution, days, from, studies: tally.studies, isCut, ...tally.sums(days), atMost };
}

class Tally {
  readonly nameOf: (id: string) => string;
  readonly #rules = new Map<string, { model: string; studies: number }>();
  readonly #models = new Map<string, number>();
  readonly #refusals = new Map<string, { rule: string; why: string; studies: number }>();
  studies = 0;

  constructor(nameOf: (id: string) => string) {
    this.nameOf = nameOf;
  }

  byRule(id: string, model: string, more: number): void {
    const rule = this.nameOf(id);
    this.#rules.set(rule, { model, studies: (this.#rules.get(rule)?.studies ?? 0) + more });
  }

  add(answers: readonly Routed[]): void {
    this.studies += 1;
    for (const answer of answers) {
      if (answer.isChosen) {
        this.#models.set(answer.model, (this.#models.get(answer.model) ?? 0) + 1);
        for (const id of answer.rules) this.byRule(id, answer.model, 1);
      } else {
        const { why } = answer;
        const rule = this.nameOf(answer.rule);
        const key = `${rule} ${why}`;
        this.#refusals.set(key, { rule, why, studies: (this.#refusals.get(key)?.studies ?? 0) + 1 });
      }
    }
  }

  sums(days: number): Pick<DryRun, 'volumes' | 'models' | 'refusals'> {
    const perDay = (studies: number): number => Math.round((studies / days) * 100) / 100;
    return {
      volumes: [...this.#rules].map(([rule, { model, studies }]) => ({
        rule,
        model,
        studies,
        perDay: perDay(studies),
      })),
      models: [...this.#models].map(([model, studies]) => ({ model, studies, perDay: perDay(studies) })),
      refusals: [...this.#refusals.values()].sort((a, b) => b.studies - a.studies),
    };
  }
}
