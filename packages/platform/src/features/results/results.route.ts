import type { HttpRequest, Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer } from '../../bindings/json-body.ts';
import type { Op } from '../../ports/op.ts';
import type { ResultsPorts } from './ports.ts';
import { noticesOf, resultsBy } from './withdrawn.ts';

/** What was withdrawn, of the caller's institution. Not in the standard. */
export function resultsRoutes({ holdings: { db } }: Pick<ResultsPorts, 'holdings'>): Route[] {
  return [
    get('', 'Versions of models whose results count no more, and how many here', async (op) => ({
      withdrawals: await noticesOf(db, op, op.institution),
    })),
    get(
      '/:id',
      'Results that a withdrawal is of, with their studies; ?after=TASK: the next ones',
      async (op, request) => {
        const { id = '' } = request.params;
        const after = request.query.get('after') ?? undefined;
        return { results: await resultsBy(db, op, { withdrawal: id, institution: op.institution, after }) };
      },
    ),
  ];
}

const get = (path: string, summary: string, answer: (op: Op, request: HttpRequest) => Promise<object>): Route => ({
  method: 'GET',
  path: `/api/ai/withdrawn${path}`,
  summary,
  produces: [JSON_TYPE],
  handle: async (request, op) => jsonAnswer(await answer(op, request)),
});
