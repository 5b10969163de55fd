import { asJson } from '@acervo/kernel/canonical-json.ts';
import type { Rule } from '@acervo/model/routing/rule.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import type { Op } from '../../ports/op.ts';
import { type EndedDelivery, queueResults, restoreAsked, restoreDelivery } from './delivery.repo.ts';
import { restoreEnds, restoreTasks } from './restore.repo.ts';
import { applyRuleChanges, type RuleChange } from './rule.repo.ts';
import type { EndedTask, NewTask } from './task.repo.ts';

/**
 * Rules, tasks and deliveries as the journal tells them. What had not ended waits again; attempts begin anew. Events
 * are applied in their order: a task that ended may have been asked for again.
 */
export const inferenceProjection: JournalProjection = {
  kinds: [
    'ai-rule.added',
    'ai-rule.removed',
    'ai-task.made',
    'ai-task.ended',
    'ai-delivery.asked',
    'ai-delivery.ended',
  ],
  apply: async (sql, events) => {
    await applyRuleChanges(sql, events.filter(({ kind }) => kind.startsWith('ai-rule.')).map(ruleChangeOf));
    for (const { kind, facts, at } of events) {
      if (kind === 'ai-task.made') await restoreTasks(sql, (facts as { tasks: NewTask[] }).tasks);
      if (kind === 'ai-task.ended') {
        const { tasks } = facts as { tasks: EndedTask[] };
        await restoreEnds(sql, tasks, at);
        await queueResults(
          sql,
          tasks.map(({ id }) => id),
        );
      }
      if (kind === 'ai-delivery.asked') {
        const { task, aeTitles } = facts as { task: string; aeTitles: string[] };
        await restoreAsked(sql, task, aeTitles);
      }
      if (kind === 'ai-delivery.ended') await restoreDelivery(sql, facts as EndedDelivery, at);
    }
  },
};

/** The change that an event of a rule stands for. */
export function ruleChangeOf({ id, at, actor, institution, facts }: Envelope): RuleChange {
  const { name, version, rule } = facts as { name: string; version?: number; rule?: Rule };
  const change = { event: id, at, by: actor.id, institution, name };
  return rule === undefined || version === undefined ? change : { ...change, version, rule };
}

/** Tasks of one study that are made together: one fact. */
export function madeEvents(op: Op, tasks: readonly NewTask[]): Envelope[] {
  return [...Map.groupBy(tasks, ({ studyKey }) => studyKey).values()].map((of) => {
    const [{ institution, studyUid: study }] = of as [NewTask];
    return envelopeOf(op, 'ai-task.made', { institution, study }, { tasks: asJson(of) });
  });
}

/** How tasks ended: one fact each, as each is of its own study. */
export function endedEvents(op: Op, ended: readonly EndedTask[]): Envelope[] {
  return ended.map(({ institution, studyUid: study, ...of }) => {
    const outcome = of.state === 'failed' ? 'failure' : of.state === 'late' ? 'warning' : 'success';
    return envelopeOf(op, 'ai-task.ended', { institution, study, outcome }, { tasks: [of] });
  });
}
