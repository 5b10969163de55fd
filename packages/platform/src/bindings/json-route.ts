import type { Op } from '../ports/op.ts';
import type { HttpRequest, Route } from './http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf } from './json-body.ts';

/** Is asked, and answers in JSON of our own. */
export const getJson = (
  path: string,
  summary: string,
  ask: (op: Op, request: HttpRequest) => Promise<object>,
): Route => ({
  method: 'GET',
  path,
  summary,
  produces: [JSON_TYPE],
  handle: async (request, op) => jsonAnswer(await ask(op, request)),
});

/** Takes JSON, which `change` finds out to be what it wants, and answers in it. */
export const postJson = (
  path: string,
  summary: string,
  change: (op: Op, body: unknown, params: HttpRequest['params']) => Promise<object>,
): Route => ({
  method: 'POST',
  path,
  summary,
  consumes: [JSON_TYPE],
  produces: [JSON_TYPE],
  handle: async (request, op) => jsonAnswer(await change(op, await jsonBodyOf(request), request.params)),
});
