import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { breakGlass, endSharing, listShared, makeAgreement, refer, reviewGlass, type Shared } from './change.ts';
import type { Kind } from './sharing.repo.ts';

const BODY_BYTES_MAX = 16_384;
const JSON_TYPE = 'application/json';

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
          return json({ shared: await listShared(db, op, { institution: op.institution, kinds: [kind], isOpen }) });
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
  handle: async (request, op) => json(await change(op, await bodyOf(request), request.params)),
});

async function bodyOf({ headers, body }: HttpRequest): Promise<unknown> {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== JSON_TYPE) throw new Failure('request/unsupported-type', `not ${JSON_TYPE}`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of body) {
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) throw new Failure('request/invalid', `a body over ${BODY_BYTES_MAX} bytes`);
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
  } catch (cause) {
    throw new Failure('request/invalid', 'the body is not JSON', { cause });
  }
}

const json = (value: object): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});
