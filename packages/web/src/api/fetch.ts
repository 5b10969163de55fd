import { token } from '../access/token.ts';

/** What the server, or the way to it, said instead of an answer. `code`: of a failure, or `network`. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string) {
    super(code);
    this.status = status;
    this.code = code;
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
  if (!answer.ok) throw new Problem(answer.status, await codeOf(answer));
  return { body: (await answer.json()) as T, headers: answer.headers };
}

/** Ask for a change. @throws {Problem} */
export async function postJson<T>(path: string, body: object, headers: Record<string, string>): Promise<T> {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Problem(answer.status, await codeOf(answer));
  return (await answer.json()) as T;
}

async function fetched(path: string, signal: AbortSignal, accept: string): Promise<Response> {
  try {
    return await fetch(path, { headers: { accept, ...authorization() }, signal });
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw new Problem(0, 'network');
  }
}

async function codeOf(answer: Response): Promise<string> {
  try {
    const { type } = (await answer.json()) as { type?: string };
    return type?.startsWith(FAILURE) === true ? type.slice(FAILURE.length) : 'internal';
  } catch {
    return 'internal'; // Something between us and the archive answered: there is no problem document.
  }
}
