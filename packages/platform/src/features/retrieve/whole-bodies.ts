import type { HttpBody } from '../../bindings/http.ts';

/** A longer body is streamed. */
const BODY_BYTES_MAX = 8 * 2 ** 20;
/** Of all whole bodies that are being sent; while there are more, further ones are streamed. */
const BODIES_BYTES_MAX = 64 * 2 ** 20;

/**
 * Puts streams together that are short: sent in one write, a text of some megabytes is at the peer in half the time
 * that it takes piece by piece, each awaited.
 */
export class WholeBodies {
  #bytes = 0;

  async bodyOf(chunks: AsyncGenerator<Uint8Array>): Promise<HttpBody> {
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) {
      pieces.push(next.value);
      bytes += next.value.length;
      if (bytes > BODY_BYTES_MAX || this.#bytes + bytes > BODIES_BYTES_MAX) return resumed(pieces, chunks);
    }
    const lend = async () => {
      this.#bytes += bytes;
      const giveBack = (): void => {
        this.#bytes -= bytes;
      };
      return { pieces, giveBack };
    };
    return { lend };
  }
}

async function* resumed(begun: Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    for (let piece = begun.shift(); piece !== undefined; piece = begun.shift()) yield piece;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}
