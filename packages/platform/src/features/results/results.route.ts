import type { Route } from '../../bindings/http.ts';
import { getJson } from '../../bindings/json-route.ts';
import { noticesOf, resultsBy } from './notices.ts';
import type { ResultsPorts } from './ports.ts';

/** What was withdrawn, of the caller's institution. Not in the standard. */
export function resultsRoutes({ holdings: { db } }: Pick<ResultsPorts, 'holdings'>): Route[] {
  return [
    getJson('/api/ai/withdrawn', 'Versions of models whose results count no more, and how many here', async (op) => ({
      withdrawals: await noticesOf(db, op, op.institution),
    })),
    getJson(
      '/api/ai/withdrawn/:id',
      'Results that a withdrawal is of, with their studies; ?after=TASK: the next ones',
      async (op, request) => {
        const { id = '' } = request.params;
        const after = request.query.get('after') ?? undefined;
        return { results: await resultsBy(db, op, { withdrawal: id, institution: op.institution, after }) };
      },
    ),
  ];
}
