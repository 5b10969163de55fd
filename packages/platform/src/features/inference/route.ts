import { newId } from '@acervo/kernel/id.ts';
import { routed } from '@acervo/model/routing/routed.ts';
import type { Rule } from '@acervo/model/routing/rule.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { PlacedModel } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { factsOf, type KeyedStudy, revisionsOf } from './facts.repo.ts';
import { viewsOf } from './images.ts';
import type { InferencePorts } from './ports.ts';
import { endedEvents, madeEvents } from './projection.ts';
import { type DueStudy, endRoutes } from './route.repo.ts';
import { listRules, type RuleRow } from './rule.repo.ts';
import { RULES_MAX, ruleName } from './rules.ts';
import { insertTasks, type NewTask, PRIORITY, supersede } from './task.repo.ts';

/** Studies that are looked at side by side. */
const AT_ONCE = 3;

/** Who asks for what rules chose. */
export const BY_RULES = 'rules';

/** What was said of one model, as it is kept beside the study. */
export type Considered =
  | { model: string; rules: readonly string[]; tasks: number; why?: 'not-placed' | 'not-assigned' }
  | { model: string; rule: string; why: string };

/** A model that rules chose for a study, and its packages that are for it there. */
type Choice = {
  due: DueStudy;
  model: string;
  rules: readonly string[];
  series: readonly string[];
  seriesKeys: readonly number[];
  deadlineMinutes: number;
  deliverTo: readonly string[];
  placed: readonly PlacedModel[];
  why: 'not-placed' | 'not-assigned' | undefined;
};
/** What rules say of a study, model by model: no, or which packages are to see it. */
type Said = { due: DueStudy; answers: readonly ({ considered: Considered } | { choice: Choice })[] };

/**
 * Route studies that became quiet: what rules choose becomes tasks. The same study at the same revision makes nothing
 * new; one that got more is a new input only for models whose series changed. Each question is asked once for all of
 * them: what a study costs beside its storing is a part of a few statements.
 * @returns how many tasks were made
 */
export async function routeStudies(ports: InferencePorts, op: Op, due: readonly DueStudy[]): Promise<number> {
  const { db } = ports.holdings;
  const known = await factsOf(
    db,
    due.map(({ studyKey }) => studyKey),
  );
  const facts = new Map(known.map((each) => [each.studyKey, each]));
  const rules = new Map<string, RuleRow[]>();
  for (const institution of new Set(due.map((each) => each.institution))) {
    rules.set(institution, await listRules(db, { institution, inForce: true }, RULES_MAX));
  }
  const said: Said[] = [];
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const some = due.slice(from, from + AT_ONCE).map(async (each): Promise<Said> => {
      const study = facts.get(each.studyKey);
      // What was stored before a rule came is routed by request alone.
      const own = rules.get(each.institution)?.filter(({ addedAt }) => addedAt <= each.seenAt) ?? [];
      return study === undefined || own.length === 0 ? { due: each, answers: [] } : saidOf(ports, each, study, own);
    });
    said.push(...(await Promise.all(some)));
  }
  const tasks = await tasksFor(db, said);
  return db.transaction(async (sql) => {
    const made = await insertTasks(sql, [...tasks.values()].flat(), false);
    const ended = await supersede(sql, made);
    await insertEvents(sql, [...madeEvents(op, made), ...endedEvents(op, ended)]);
    await endRoutes(
      sql,
      said.map(({ due: { studyKey, seenSeq }, answers }) => {
        const considered = answers.map((each) => ('choice' in each ? chosenText(each.choice, tasks) : each.considered));
        return { studyKey, seenSeq, considered };
      }),
    );
    return made.length;
  });
}

function chosenText(choice: Choice, tasks: ReadonlyMap<Choice, readonly NewTask[]>): Considered {
  const { model, rules, why } = choice;
  return { model, rules, tasks: tasks.get(choice)?.length ?? 0, ...(why !== undefined && { why }) };
}

async function saidOf(
  ports: InferencePorts,
  due: DueStudy,
  known: KeyedStudy,
  rows: readonly RuleRow[],
): Promise<Said> {
  const rules = rows.map(({ rule }) => rule);
  const names = new Map(rows.map((row) => [row.name, ruleName(row)]));
  const nameOf = (id: string): string => names.get(id) ?? id;
  const study = await withViews(ports, known, rules);
  const running = ports.states.runningAt(due.institution);
  const answers: Said['answers'][number][] = [];
  for (const answer of routed(rules, { ...study, at: due.dueAt })) {
    const { model } = answer;
    if (!answer.isChosen) {
      answers.push({ considered: { model, rule: nameOf(answer.rule), why: answer.why } });
      continue;
    }
    const { series, deadlineMinutes, deliverTo } = answer;
    const here = running.filter((each) => each.model === model);
    const placed: PlacedModel[] = [];
    for (const each of here) {
      if (await ports.isAssigned(due.institution, due.studyUid, each.percentage)) placed.push(each);
    }
    const seriesKeys = study.series.filter(({ seriesUid }) => series.includes(seriesUid)).map((each) => each.seriesKey);
    const why = here.length === 0 ? 'not-placed' : placed.length === 0 ? 'not-assigned' : undefined;
    const rulesOf = answer.rules.map(nameOf);
    answers.push({
      choice: { due, model, rules: rulesOf, series, seriesKeys, deadlineMinutes, deliverTo, placed, why },
    });
  }
  return { due, answers };
}

/** View Positions are in no index: they are read where a rule asks for them. */
async function withViews(ports: InferencePorts, study: KeyedStudy, rules: readonly Rule[]): Promise<KeyedStudy> {
  const asking = rules.filter(({ scope }) => scope.viewPosition !== undefined);
  const isAsked = (modality = ''): boolean =>
    asking.some(({ scope }) => scope.modality === undefined || scope.modality.includes(modality));
  const series: KeyedStudy['series'] = [];
  for (const each of study.series) {
    const views = isAsked(each.modality) ? await viewsOf(ports.holdings, study, each) : [];
    series.push({ ...each, viewPositions: views });
  }
  return { ...study, series };
}

/** Tasks of what was chosen and is there; what its input is, is asked for all of them at once. */
async function tasksFor(sql: Sql, said: readonly Said[]): Promise<Map<Choice, NewTask[]>> {
  const choices = said.flatMap(({ answers }) => answers.flatMap((each) => ('choice' in each ? each.choice : [])));
  const wanted = choices.filter(({ placed }) => placed.length > 0);
  const revisions = await revisionsOf(
    sql,
    wanted.map(({ due: { studyKey }, seriesKeys }) => ({ studyKey, seriesKeys })),
  );
  const createdAt = new Date().toISOString();
  return new Map(
    wanted.map((choice, index) => {
      const revision = revisions[index];
      return [choice, revision === undefined ? [] : tasksOf(choice, revision, createdAt)];
    }),
  );
}

function tasksOf(choice: Choice, revision: string, createdAt: string): NewTask[] {
  const { due, series, rules, deadlineMinutes, deliverTo, placed } = choice;
  const { studyKey, studyUid, institution } = due;
  // From the moment at which the study was complete: an archive that was away does not make a result of use again.
  const deadline = new Date(Date.parse(due.dueAt) + deadlineMinutes * 60_000).toISOString();
  const base = { institution, studyKey, studyUid, series, revision, rules, deadline, createdAt };
  return placed.map(({ package: digest, model, version, stage }) => {
    const of = { id: newId(), package: digest, model, version, stage, deliverTo };
    return { ...of, ...base, askedBy: BY_RULES, priority: PRIORITY.routed };
  });
}
