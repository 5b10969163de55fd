import { newId } from '@acervo/kernel/id.ts';
import { type Routed, routed } from '@acervo/model/routing/routed.ts';
import type { Rule } from '@acervo/model/routing/rule.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { PlacedModel } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import { factsOf, type KeyedStudy, revisionOf } from './facts.repo.ts';
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

type Said = { due: DueStudy; considered: Considered[]; tasks: NewTask[] };

/**
 * Route studies that became quiet: what rules choose becomes tasks. The same study at the same revision makes nothing
 * new; one that got more is a new input only for models whose series changed.
 * @returns how many tasks were made
 */
export async function routeStudies(ports: InferencePorts, op: Op, due: readonly DueStudy[]): Promise<number> {
  const { db } = ports.holdings;
  const facts = new Map(
    (
      await factsOf(
        db,
        due.map(({ studyKey }) => studyKey),
      )
    ).map((each) => [each.studyKey, each]),
  );
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
      return study === undefined ? { due: each, considered: [], tasks: [] } : said1(ports, each, study, own);
    });
    said.push(...(await Promise.all(some)));
  }
  return db.transaction(async (sql) => {
    const tasks = said.flatMap((each) => each.tasks);
    const made = await insertTasks(sql, tasks, false);
    const ended = await supersede(sql, made);
    await insertEvents(sql, [...madeEvents(op, made), ...endedEvents(op, ended)]);
    await endRoutes(
      sql,
      said.map(({ due: { studyKey, seenSeq }, considered }) => ({ studyKey, seenSeq, considered })),
    );
    return made.length;
  });
}

async function said1(ports: InferencePorts, due: DueStudy, known: KeyedStudy, rows: readonly RuleRow[]): Promise<Said> {
  const rules = rows.map(({ rule }) => rule);
  const names = new Map(rows.map((row) => [row.name, ruleName(row)]));
  const nameOf = (id: string): string => names.get(id) ?? id;
  const study = await withViews(ports, known, rules);
  const considered: Considered[] = [];
  const tasks: NewTask[] = [];
  const placed = rules.length === 0 ? [] : ports.states.runningAt(due.institution);
  for (const answer of routed(rules, { ...study, at: due.dueAt })) {
    if (!answer.isChosen) {
      considered.push({ model: answer.model, rule: nameOf(answer.rule), why: answer.why });
      continue;
    }
    const chosen = { ...answer, rules: answer.rules.map(nameOf) };
    const { model } = answer;
    const here = placed.filter((each) => each.model === model);
    const assigned: PlacedModel[] = [];
    for (const each of here) {
      if (await ports.isAssigned(due.institution, due.studyUid, each.percentage)) assigned.push(each);
    }
    const made = await tasksFor(ports, { due, study, chosen, placed: assigned });
    const why = here.length === 0 ? 'not-placed' : assigned.length === 0 ? 'not-assigned' : undefined;
    considered.push({ model, rules: chosen.rules, tasks: made.length, ...(why !== undefined && { why }) });
    tasks.push(...made);
  }
  return { due, considered, tasks };
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

type Choice = {
  due: DueStudy;
  study: KeyedStudy;
  chosen: Extract<Routed, { isChosen: true }>;
  placed: readonly PlacedModel[];
};

async function tasksFor(ports: InferencePorts, { due, study, chosen, placed }: Choice): Promise<NewTask[]> {
  if (placed.length === 0) return [];
  const keys = study.series.filter(({ seriesUid }) => chosen.series.includes(seriesUid)).map((each) => each.seriesKey);
  const revision = await revisionOf(ports.holdings.db, due.studyKey, keys);
  if (revision === undefined) return [];
  const { studyKey, studyUid, institution } = due;
  // From the moment at which the study was complete: an archive that was away does not make a result of use again.
  const deadline = new Date(Date.parse(due.dueAt) + chosen.deadlineMinutes * 60_000).toISOString();
  const base = { institution, studyKey, studyUid, series: chosen.series, revision, rules: chosen.rules, deadline };
  const createdAt = new Date().toISOString();
  const { deliverTo } = chosen;
  return placed.map(({ package: digest, model, version, stage }) => {
    const of = { id: newId(), package: digest, model, version, stage, deliverTo };
    return { ...of, ...base, createdAt, askedBy: BY_RULES, priority: PRIORITY.routed };
  });
}
