import type { ServerResponse } from 'node:http';
import { Failure } from '@acervo/kernel/failure.ts';
import type { ReadyAnswer } from './http-answer.ts';

export type WriteOptions = {
  /** Write the head only, as HEAD wants it. */
  headOnly: boolean;
  /** Longest time for the peer to take one chunk. */
  stallMs: number;
  /** Aborted when the peer has gone. */
  signal: AbortSignal;
  /** Called when the last byte is out and before the answer ends. */
  beforeEnd?: () => Promise<void>;
};

/**
 * Write an answer as fast as the peer takes it, and close its stream however this ends. One chunk is out
 * before the next is pulled, so a slow reader holds one chunk in memory, not the object.
 * @returns bytes of the body written.
 * @throws when the peer goes or falls silent, the stream fails, or its length is not what the head said; the
 * connection is then closed.
 */
export async function writeAnswer(
  response: ServerResponse,
  answer: ReadyAnswer,
  options: WriteOptions,
): Promise<number> {
  const { status, headers, cookies, body } = answer;
  const hasBody = !options.headOnly && status !== 204 && status !== 304;
  const step = steps(options);
  try {
    if (cookies.length > 0) response.setHeader('set-cookie', cookies);
    response.writeHead(status, headers);
    if (hasBody && 'pieces' in body && options.beforeEnd === undefined)
      return await endWith(response, body.pieces, step);
    const bytes = hasBody ? await writeBody(response, body, step) : 0;
    const promised = headers['content-length'];
    if (hasBody && promised !== undefined && Number(promised) !== bytes) {
      throw new Failure('internal', `body of ${bytes} bytes under a content-length of ${promised}`);
    }
    if (!hasBody) response.flushHeaders();
    await options.beforeEnd?.();
    await step((done) => response.end(toPeer(done)));
    return bytes;
  } catch (thrown) {
    // Before anything is given back: what still waits to be written must not be overwritten first.
    response.destroy();
    throw thrown;
  } finally {
    if ('giveBack' in body) body.giveBack();
    // Not awaited: a stream that is stuck in a read would keep us, too.
    else closeStream(body.rest);
  }
}

export function closeStream(stream: AsyncIterator<Uint8Array>): void {
  void stream.return?.().catch(() => {
    // It failed while it was told to stop; whatever it held is its own to have released.
  });
}

async function writeBody(response: ServerResponse, body: ReadyAnswer['body'], step: Step): Promise<number> {
  let bytes = 0;
  if ('pieces' in body) {
    for (const piece of body.pieces) {
      if (piece.length > 0) await step((done) => response.write(piece, toPeer(done)));
      bytes += piece.length;
    }
    return bytes;
  }
  for (let next = body.first; next.done !== true; next = await pulled(body.rest, step)) {
    const chunk = next.value;
    if (chunk.length > 0) await step((done) => response.write(chunk, toPeer(done)));
    bytes += chunk.length;
  }
  return bytes;
}

/** The head, all pieces and the end in one system call. */
async function endWith(response: ServerResponse, pieces: readonly Uint8Array[], step: Step): Promise<number> {
  let bytes = 0;
  await step((done) => {
    response.cork();
    for (const piece of pieces) {
      if (piece.length > 0) response.write(piece);
      bytes += piece.length;
    }
    response.end(toPeer(done));
    response.uncork();
  });
  return bytes;
}

async function pulled(stream: AsyncIterator<Uint8Array>, step: Step): Promise<IteratorResult<Uint8Array>> {
  let result: IteratorResult<Uint8Array> | undefined;
  await step((done) => {
    stream.next().then((next) => {
      result = next;
      done();
    }, done);
  }, Infinity);
  return result ?? { done: true, value: undefined };
}

/** Whatever a socket says when it cannot write, it means that the peer is not there. */
function toPeer(done: Done): Done {
  return (error) => done(error && new Failure('request/cancelled', 'connection lost', { cause: error }));
}

type Done = (error?: unknown) => void;
/** Do one thing that calls back; rejects when it fails, takes longer than `stallMs`, or the peer goes. */
type Step = (begin: (done: Done) => void, stallMs?: number) => Promise<void>;

function steps({ signal, stallMs }: WriteOptions): Step {
  // One listener for the whole answer: one per chunk would be as many as a study has.
  let fail: Done = () => {};
  signal.addEventListener('abort', () => fail(signal.reason), { once: true });
  return async (begin, timeoutMs = stallMs) => {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    fail = reject;
    const stall = (): void => reject(new Failure('request/cancelled', `peer took no byte for ${timeoutMs} ms`));
    const timer = timeoutMs === Infinity ? undefined : setTimeout(stall, timeoutMs);
    begin((error) => (error === undefined || error === null ? resolve() : reject(error)));
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  };
}
