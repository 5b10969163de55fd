import { Failure } from '@acervo/kernel/failure.ts';
import type { z } from 'zod';
import type { HttpAnswer, HttpRequest } from './http.ts';

/** Of a request to the API, in bytes. */
const BODY_BYTES_MAX = 16_384;
export const JSON_TYPE = 'application/json';

/**
 * What a request's body or parameters say. What is wrong is named by its place, never by its value.
 * @throws {Failure} request/invalid
 */
export function understood<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues.map(({ path, code }) => `${path.join('.')} ${code}`);
  throw new Failure('request/invalid', places.join(', '));
}

/** The parameters of a query, each once. @throws {Failure} request/invalid */
export function parametersOf({ query }: Pick<HttpRequest, 'query'>): Record<string, string> {
  const asked = Object.fromEntries(query);
  if (Object.keys(asked).length !== query.size) throw new Failure('request/invalid', 'a parameter said twice');
  return asked;
}

/** @throws {Failure} request/unsupported-type, request/invalid */
export async function jsonBodyOf({ headers, body }: HttpRequest, bytesMax = BODY_BYTES_MAX): Promise<unknown> {
  const [type] = (headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== JSON_TYPE) throw new Failure('request/unsupported-type', 'not JSON');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new Failure('request/invalid', `a body of more than ${bytesMax} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new Failure('request/invalid', 'the body is not JSON', { cause });
  }
}

export const jsonAnswer = (value: object): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});
