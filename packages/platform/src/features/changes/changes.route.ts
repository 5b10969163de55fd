import { Failure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { CHANGE_KINDS, type ChangeKind, LIMIT_DEFAULT, LIMIT_MAX, readChanges } from './changes.ts';

/** The feed of changes. */
export function changesRoute(db: Db): Route {
  return {
    method: 'GET',
    path: '/api/changes',
    summary: 'What was stored or conflicted, in order, without a gap',
    query: [
      { name: 'since', description: 'The `next` of the answer before; 0 or absent: from the beginning' },
      { name: 'limit', description: `Changes in one answer: ${LIMIT_DEFAULT}, at most ${LIMIT_MAX}` },
      { name: 'kind', description: `One or more of ${CHANGE_KINDS.join(', ')}; repeated, or with commas between` },
    ],
    produces: ['application/json'],
    handle: (request, op) => answer(db, request, op),
  };
}

async function answer(db: Db, { query }: HttpRequest, op: Op): Promise<HttpAnswer> {
  const limit = Math.min(unsigned(query, 'limit', LIMIT_DEFAULT, 1), LIMIT_MAX);
  const changes = await readChanges(db, op, { since: unsigned(query, 'since', 0, 0), limit, kinds: kindsOf(query) });
  return {
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(changes),
  };
}

function unsigned(query: URLSearchParams, name: string, absent: number, min: number): number {
  const [text, ...more] = query.getAll(name);
  if (text === undefined) return absent;
  if (more.length > 0 || !/^\d{1,15}$/.test(text) || Number(text) < min) {
    throw new Failure('request/invalid', `${name} is not one whole number from ${min}`);
  }
  return Number(text);
}

function kindsOf(query: URLSearchParams): readonly ChangeKind[] {
  const asked = query
    .getAll('kind')
    .flatMap((text) => text.split(','))
    .filter((kind) => kind !== '');
  const kinds = CHANGE_KINDS.filter((kind) => asked.includes(kind));
  if (kinds.length < new Set(asked).size) throw new Failure('request/invalid', 'kind that is no change');
  return kinds.length === 0 ? CHANGE_KINDS : kinds;
}
