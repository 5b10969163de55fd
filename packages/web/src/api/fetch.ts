import { token } from '../access/token.ts';

/** What the server, or the way to it, said instead of an answer. `code`: of a failure, or `network`. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  /** Of the life-cycle of models: by which it was refused. */
  readonly rules: readonly string[];

  constructor(status: number, code: string, rules: readonly string[] = []) {
    super(code);
    this.status = status;
    this.code = code;
    this.rules = rules;
  }
}

export const isRefusedForWant = (error: unknown): boolean => error instanceof Problem && error.status === 401;

const FAILURE = 'urn:acervo:failure:';

export const authorization = (): Record<string, string> => {
  const text = token.read();
  return text === '' ? {} : { authorization: `Bearer ${text}` };
};

export type Answer<T> = { body: T; headers: Headers };

/** @throws {Problem} */
export async function getJson<T>(path: string, signal: AbortSignal, accept = 'application/json'): Promise<Answer<T>> {
  const answer = await fetched(path, signal, accept);
  if (!answer.ok) throw await problemOf(answer);
  return { body: (await answer.json()) as T, headers: answer.headers };
}

/** Ask for a change. @throws {Problem} */
export async function postJson<T>(path: string, body: object, headers: Record<string, string>): Promise<T> {
  const answer = await sent(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw await problemOf(answer);
  return (await answer.json()) as T;
}

async function sent(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request);
  } catch {
    throw new Problem(0, 'network');
  }
}

async function fetched(path: string, signal: AbortSignal, accept: string): Promise<Response> {
  try {
    return await fetch(path, { headers: { accept, ...authorization() }, signal });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw new Problem(0, 'network');
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const { type, rules } = (await answer.json()) as { type?: string; rules?: readonly string[] };
    const code = type?.startsWith(FAILURE) === true ? type.slice(FAILURE.length) : 'internal';
    return new Problem(answer.status, code, rules);
  } catch {
    return new Problem(answer.status, 'internal'); // Something between us and the archive answered.
  }
}
