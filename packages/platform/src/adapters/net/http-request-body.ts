import type { IncomingMessage, ServerResponse } from 'node:http';
import { Failure } from '@acervo/kernel/failure.ts';
import { Pace } from '../../bindings/limits/pace.ts';
import type { HttpLimits } from './http-limits.ts';

export type RequestBody = {
  chunks: AsyncIterable<Uint8Array>;
  /** The sender waits for 100 Continue, and nothing was read, so it may never send its body. */
  isHeldBack(): boolean;
  /** Read and forget what is left. @returns false when that was more than the limit. */
  drain(): Promise<boolean>;
};

/**
 * The body of a request, pulled: the socket is read as the reader asks. 100 Continue is said when the reader
 * first asks (RFC 9110 10.1.1), so a request that is refused by its headers never sends its gigabytes.
 */
export function requestBody(request: IncomingMessage, response: ServerResponse, limits: HttpLimits): RequestBody {
  // Not destroyed when a loop is left early: the request's connection has still to carry the answer.
  let read: AsyncIterator<Uint8Array> | undefined;
  let isHeldBack = /^100-continue$/i.test(request.headers.expect ?? '');
  let isLost = false;
  const pace = new Pace(limits.stallMs, limits.paceBytesMin);
  /** When a body that nobody wants is given up. */
  let untilMs = Infinity;

  async function* pull(): AsyncGenerator<Uint8Array> {
    if (isHeldBack) response.writeContinue();
    isHeldBack = false;
    for (;;) {
      isLost = true;
      read ??= request.iterator({ destroyOnReturn: false });
      const askedMs = performance.now();
      const next = await within(Math.min(pace.leftMs, untilMs - askedMs), read.next());
      isLost = false;
      if (next.done === true) return;
      pace.came(next.value.length, performance.now() - askedMs);
      yield next.value;
    }
  }

  async function drain(): Promise<boolean> {
    if (request.complete) return true;
    if (isLost) return false; // silent or gone when it was last read
    let bytes = 0;
    untilMs = performance.now() + limits.drainMs;
    for await (const chunk of pull()) {
      bytes += chunk.length;
      if (bytes > limits.drainBytesMax) return false;
    }
    return true;
  }

  // Most requests have no body: what reads it is made for who asks.
  let pulling: AsyncGenerator<Uint8Array> | undefined;
  const chunks = { [Symbol.asyncIterator]: () => (pulling ??= pull()) };
  return { chunks, isHeldBack: () => isHeldBack, drain };
}

/** @throws {Failure} request/timeout after so long; request/cancelled when the connection was lost. */
async function within<T>(timeoutMs: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const expire = (): void => reject(new Failure('request/timeout', 'body silent, or as good as silent'));
  const timer = setTimeout(expire, timeoutMs);
  try {
    return await Promise.race([promise, late]);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    throw new Failure('request/cancelled', 'connection lost inside of the body', { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}
