import { z } from 'zod';
import { fileAnswer } from '../../bindings/file-answer.ts';
import type { HttpRequest, Route } from '../../bindings/http.ts';
import { parametersOf, understood } from '../../bindings/json-body.ts';
import { getJson, postJson } from '../../bindings/json-route.ts';
import { DECISIONS } from '../../ports/assessment.ts';
import { type BundlePorts, incidentBundle } from './bundle.ts';
import { decide } from './decide.ts';
import { SEVERITIES } from './incident.repo.ts';
import { listIncidents, reportIncident } from './incident.ts';
import { CAUSES } from './incident-step.repo.ts';
import { stepIncident } from './incident-step.ts';
import { why } from './why.ts';

const REASON_CHARS_MAX = 2_000;

const DECIDED = z.strictObject({
  decision: z.enum(DECISIONS),
  reason: z.string().trim().min(1).max(REASON_CHARS_MAX).nullable().default(null),
  shownAt: z.iso.datetime().nullable().default(null),
});

const TEXT_CHARS_MAX = 4_000;
const REPORTED = z.strictObject({
  severity: z.enum(SEVERITIES),
  text: z.string().trim().min(1).max(TEXT_CHARS_MAX),
});
const NOTE = z.string().trim().min(1).max(TEXT_CHARS_MAX);
const STEPPED = z.discriminatedUnion('to', [
  z.strictObject({ to: z.enum(['investigating', 'open']), note: NOTE }),
  z.strictObject({
    to: z.literal('closed'),
    note: NOTE,
    cause: z.enum(CAUSES),
    correctiveAct: NOTE.nullable().default(null),
  }),
]);
const BUNDLED = z.strictObject({ objects: z.enum(['true', 'false']).default('false') });

const ZIP_TYPE = 'application/zip';

/** What people make of results of AI. Not in the standard. */
export function assessmentRoutes(ports: BundlePorts): Route[] {
  return [
    getJson(
      '/api/ai/results/:id',
      'Who, what, when and why of a result, by its task or an object of it',
      (op, { params }) => why(ports, op, idOf(params)),
    ),
    postJson(
      '/api/ai/results/:id/decisions',
      'Decide on a result: { decision: accepted | modified | rejected | ignored, reason, shownAt }; a person alone',
      (op, body, params) => decide(ports, op, idOf(params), understood(DECIDED, body)),
    ),
    postJson(
      '/api/ai/results/:id/incidents',
      'Something went wrong with a result: { severity: none | minor | serious, text }; a person alone',
      (op, body, params) => reportIncident(ports, op, idOf(params), understood(REPORTED, body)),
    ),
    getJson('/api/ai/incidents', 'Incidents, the newest first, for who answers for models there', async (op) => ({
      incidents: await listIncidents(ports, op),
    })),
    postJson(
      '/api/ai/incidents/:id/steps',
      'Take an incident on, close it, open it again: { to: investigating | closed | open, note, cause, correctiveAct }',
      (op, body, params) => stepIncident(ports, op, idOf(params), understood(STEPPED, body)),
    ),
    bundleRoute(ports),
  ];
}

const bundleRoute = (ports: BundlePorts): Route => ({
  method: 'GET',
  path: '/api/ai/incidents/:id/bundle',
  summary: 'All that there is of an incident, as a ZIP archive with the case file of its study',
  query: [{ name: 'objects', description: 'true: with the images, for who may export them' }],
  produces: [ZIP_TYPE],
  handle: async (request, op) => {
    const { objects } = understood(BUNDLED, parametersOf(request));
    const body = await incidentBundle(ports, op, idOf(request.params), { withObjects: objects === 'true' });
    return fileAnswer(ZIP_TYPE, `incident-${idOf(request.params)}.zip`, body);
  },
});

/** The id of a task, or the SOP Instance UID of an object that it made. */
const idOf = ({ id = '' }: HttpRequest['params']): string => id;
