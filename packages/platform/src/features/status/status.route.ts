import { z } from 'zod';
import type { HttpRequest, Route } from '../../bindings/http.ts';
import type { Op } from '../../ports/op.ts';
import { ACTIVITY, DEVICES, HOLDERS, INSTITUTIONS, STORAGE } from './status.schema.ts';
import { HOLDERS_MAX, type Status } from './status.ts';

/** What the console shows beside studies, as JSON of our own. */
export function statusRoutes(status: Status): Route[] {
  return [
    route('/api/activity', 'Open associations, what came in lately, last refusals', ACTIVITY, (op) =>
      status.activity(op),
    ),
    route('/api/devices', 'Sending systems and the quality of what they sent lately', DEVICES, (op) =>
      status.devices(op),
    ),
    route('/api/storage', 'Disk and segments of the packs', STORAGE, (op) => status.storage(op)),
    route('/api/institutions', 'Institutions that hold studies', INSTITUTIONS, (op) => status.institutions(op)),
    {
      ...route('/api/holders', 'Which institutions hold which studies', HOLDERS, (op, request) =>
        status.holders(op, studiesOf(request)),
      ),
      query: [{ name: 'study', description: `Study Instance UIDs with commas between, at most ${HOLDERS_MAX}` }],
    },
  ];
}

function route<T extends object>(
  path: string,
  summary: string,
  schema: z.ZodType<T>,
  answer: (op: Op, request: HttpRequest) => Promise<T>,
): Route {
  return {
    method: 'GET',
    path,
    summary,
    produces: ['application/json'],
    answerSchema: z.toJSONSchema(schema),
    handle: async (request, op) => ({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: JSON.stringify(await answer(op, request)),
    }),
  };
}

const studiesOf = ({ query }: HttpRequest): string[] =>
  query
    .getAll('study')
    .flatMap((text) => text.split(','))
    .filter((uid) => uid !== '');
