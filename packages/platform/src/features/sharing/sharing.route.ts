import type { HttpRequest, Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf } from '../../bindings/json-body.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { breakGlass, endSharing, listShared, makeAgreement, refer, reviewGlass, type Shared } from './change.ts';
import type { Kind } from './sharing.repo.ts';

/** Agreements, referrals, and glass that is broken by the person who needs it. Not in the standard. */
export function sharingRoutes(db: Db): Route[] {
  const lists: readonly [path: string, summary: string, kind: Kind][] = [
    ['agreements', 'What institutions share by agreement', 'agreement'],
    ['referrals', 'Patients that are referred', 'referral'],
    ['break-glass', 'Who broke the glass, and whether somebody else has looked at it', 'glass'],
  ];
  return [
    ...lists.map(
      ([path, summary, kind]): Route => ({
        method: 'GET',
        path: `/api/sharing/${path}`,
        summary: `${summary}, of the caller’s institution, the newest first`,
        query: [{ name: 'open', description: 'true: only what nobody has looked at yet' }],
        produces: [JSON_TYPE],
        handle: async ({ query }, op) => {
          const isOpen = query.get('open') === 'true';
          return jsonAnswer({
            shared: await listShared(db, op, { institution: op.institution, kinds: [kind], isOpen }),
          });
        },
      }),
    ),
    post(
      'agreements',
      'Share by agreement: { owner, receiver, purposes, validity, reference, modalities, from, to }',
      (op, body) => makeAgreement(db, op, body),
    ),
    post('agreements/:id/end', 'End an agreement now', (op, _, { id = '' }) => endSharing(db, op, 'agreement', id)),
    post('referrals', 'Refer a patient: { owner, receiver, issuer, patientId, reason, validity }', (op, body) =>
      refer(db, op, body),
    ),
    post('referrals/:id/end', 'End a referral now', (op, _, { id = '' }) => endSharing(db, op, 'referral', id)),
    post(
      'break-glass',
      'See what one may not, for a while and to be answered for: { owner, subject, reason, minutes }',
      (op, body) => breakGlass(db, op, body),
    ),
    post('break-glass/:id/review', 'The second look, by somebody else: { finding }', (op, body, { id = '' }) =>
      reviewGlass(db, op, id, String((body as { finding?: unknown } | null)?.finding ?? '')),
    ),
  ];
}

type Change = (op: Op, body: unknown, params: HttpRequest['params']) => Promise<Shared>;

const post = (path: string, summary: string, change: Change): Route => ({
  method: 'POST',
  path: `/api/sharing/${path}`,
  summary,
  consumes: [JSON_TYPE],
  produces: [JSON_TYPE],
  handle: async (request, op) => jsonAnswer(await change(op, await jsonBodyOf(request), request.params)),
});
