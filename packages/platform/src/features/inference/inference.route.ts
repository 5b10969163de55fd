import { Failure } from '@acervo/kernel/failure.ts';
import { DESTINATIONS_MAX } from '@acervo/model/routing/rule.ts';
import { z } from 'zod';
import type { Route } from '../../bindings/http.ts';
import { understood } from '../../bindings/json-body.ts';
import { getJson, postJson } from '../../bindings/json-route.ts';
import { DAYS_MAX, dryRun } from './dry-run.ts';
import type { InferencePorts } from './ports.ts';
import { cancel, requestTasks, STUDIES_MAX } from './request.ts';
import { addRule, removeRule, rulesOf, understoodRule } from './rules.ts';
import { queueOf, statusOf } from './watch.ts';

const UID = z.string().regex(/^[0-9.]{1,64}$/);
const REQUESTED = z.strictObject({
  studies: z.array(UID).min(1).max(STUDIES_MAX),
  model: z.string().regex(/^[a-z0-9.-]{1,128}@[0-9A-Za-z.+-]{1,64}$/),
  deadlineMinutes: z.int().min(1).max(10_080).default(1_440),
  deliverTo: z.array(z.string().min(1).max(16)).min(1).max(DESTINATIONS_MAX).optional(),
});
const REMOVED = z.strictObject({ name: z.string().min(1).max(64) });
const DRY = z.strictObject({ days: z.int().min(1).max(DAYS_MAX).default(30), rule: z.unknown().optional() });
const CANCELLED = z.strictObject({ id: z.uuid() });

/** Routing of studies to models, of the caller's institution. Not in the standard. */
export function inferenceRoutes(ports: InferencePorts): Route[] {
  const { db } = ports.holdings;
  return [
    getJson('/api/ai/rules', 'Rules by which studies are routed to models, all versions', async (op) => ({
      rules: await rulesOf(db, op, op.institution),
    })),
    postJson(
      '/api/ai/rules',
      'Put a rule in force: { effect, id, institution, model, scope, deadlineMinutes, deliverTo }',
      (op, body) => addRule(db, op, body, ports.systems),
    ),
    postJson('/api/ai/rules/remove', 'A rule says nothing any more: { name }', (op, body) =>
      removeRule(db, op, { institution: op.institution, ...understood(REMOVED, body) }),
    ),
    postJson('/api/ai/rules/dry-run', 'What rules would have chosen in the last days: { days, rule }', (op, body) => {
      const { days, rule } = understood(DRY, body);
      const candidate = rule === undefined ? undefined : understoodRule(rule);
      if (candidate !== undefined && candidate.institution !== op.institution) {
        throw new Failure('access/denied', `a rule of ${candidate.institution}`);
      }
      return dryRun(db, op, { institution: op.institution, days, candidate, now: Date.now() });
    }),
    postJson(
      '/api/ai/requests',
      'Ask for a model on studies: { studies, model: ID@VERSION, deadlineMinutes, deliverTo }',
      async (op, body) => {
        op.allow('request-ai', op.institution);
        return { answers: await requestTasks(ports, op, understood(REQUESTED, body)) };
      },
    ),
    getJson('/api/ai/queue', 'What models have to do, and how it went: states and counts, never findings', (op) =>
      queueOf(db, op, op.institution),
    ),
    postJson('/api/ai/cancel', 'End a task that has not ended: { id }', (op, body) =>
      cancel(ports, op, understood(CANCELLED, body).id),
    ),
    getJson('/api/ai/studies/:study', 'What AI has said of a study, or that it has not', async (op, { params }) => ({
      studies: await statusOf(ports, op, params['study'] ?? ''),
    })),
  ];
}
