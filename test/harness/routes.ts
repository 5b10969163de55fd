import { type IncomingMessage, request as sendRequest } from 'node:http';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';

/** One resource of the registry, as the running archive describes itself. */
export type RegisteredRoute = { method: string; path: string; parameters: readonly string[] };

/** Every route of a running archive: a new one is among them without being named here. */
export async function registeredRoutes(http: string, token?: string): Promise<RegisteredRoute[]> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${http}/api/openapi.json`, { headers });
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, unknown>> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path, parameters: parametersOf(path) })),
  );
  return [...described, { method: 'GET', path: '/api/openapi.json', parameters: [] }];
}

/** `{name}` and `*` of a path. */
const parametersOf = (path: string): string[] => [...path.matchAll(/\{(\w+)\}|\*/g)].map(([all, name]) => name ?? all);

/** What makes every parameter of every route name something that is there. */
export function validParameters(object: SmallObject, institution: string): Record<string, string> {
  return {
    study: object.studyUid,
    series: object.seriesUid,
    instance: object.sopInstanceUid,
    institution,
    frames: '1',
    // Of an event, an agreement, a glass: one that there is not.
    id: '01900000-0000-7000-8000-000000000000',
    version: '1.0.0',
    digest: 'f'.repeat(64),
    key: 'A'.repeat(43),
    '*': '7FE00010',
  };
}

/** @throws where a parameter has no value: a new one needs one here, or nothing is proved of its route */
export function filled(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/\{(\w+)\}|\*/g, (all, name: string | undefined) => {
    const value = values[name ?? all];
    if (value === undefined) throw new Error(`${path}: no value for ${all}`);
    return value;
  });
}

export type RawAnswer = { status: number; headers: IncomingMessage['headers']; rawHeaders: string[]; body: Buffer };

/** A request whose target goes out as it is: `fetch` would resolve its dots. */
export async function rawRequest(
  http: string,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Readonly<Record<string, string>> } = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(http);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = sendRequest({ host: hostname, port, path, method, headers, agent: false }, resolve);
  request.on('error', reject);
  request.end();
  const answer = await promise;
  const body = Buffer.concat((await answer.toArray()) as Buffer[]);
  return { status: answer.statusCode ?? 0, headers: answer.headers, rawHeaders: answer.rawHeaders, body };
}
