import type { Socket } from 'node:net';
import { Failure } from '@acervo/kernel/failure.ts';

type Waiter = { resolve: () => void; reject: (failure: Failure) => void };

/**
 * A socket that is read only when asked, so that a slow reader slows the peer through TCP, and written
 * with an end: every wait, of either direction, is bounded by the limit that `watch` has set.
 */
export class PulledSocket {
  readonly #socket: Socket;
  #reader: Waiter | undefined;
  #writer: Waiter | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param onClosed called once, when the connection is gone, whoever ended it. */
  constructor(socket: Socket, onClosed: () => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const wake = (): void => this.#reader?.resolve();
    socket.on('readable', wake);
    socket.on('end', wake);
    // An error is always followed by 'close'; pull() and write() tell the user what it means.
    socket.on('error', wake);
    socket.on('close', () => {
      this.watch(undefined);
      wake();
      onClosed();
    });
  }

  /**
   * The next bytes, or undefined when the peer has ended the connection or it is lost.
   * @throws {Failure} ul/aborted when the wait lasts longer than the limit
   */
  async pull(): Promise<Uint8Array | undefined> {
    for (;;) {
      const chunk: Uint8Array | null = this.#socket.read();
      if (chunk !== null) return chunk;
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined;
      await this.#wait((waiter) => {
        this.#reader = waiter;
      });
    }
  }

  /**
   * Write the pieces as one; resolves when the system has taken them, so that views may be reused.
   * @throws {Failure} ul/aborted when the connection is lost, or the peer does not read within the limit
   */
  async write(pieces: readonly Uint8Array[]): Promise<void> {
    if (pieces.length === 0) return;
    await this.#wait((waiter) => {
      this.#writer = waiter;
      this.#socket.cork();
      const last = pieces.length - 1;
      pieces.forEach((piece, index) => {
        if (index < last) this.#socket.write(piece);
        else this.#socket.write(piece, (error) => (error ? waiter.reject(lost()) : waiter.resolve()));
      });
      this.#socket.uncork();
    });
  }

  /** Write without waiting: the few bytes of a control PDU. */
  post(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** From now on no wait may last longer than this, in milliseconds; undefined: no limit. */
  watch(limitMs: number | undefined): void {
    clearTimeout(this.#timer);
    this.#timer = limitMs === undefined ? undefined : setTimeout(() => this.#expire(limitMs), limitMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  async #wait(begin: (waiter: Waiter) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#timer?.refresh();
    begin({ resolve, reject });
    await promise;
  }

  /** Nobody waiting: it is the user who takes its time, not the peer; the next wait starts anew. */
  #expire(limitMs: number): void {
    const failure = new Failure('ul/aborted', `peer silent for ${limitMs} ms`);
    this.#reader?.reject(failure);
    this.#writer?.reject(failure);
  }
}

const lost = (): Failure => new Failure('ul/aborted', 'connection lost');
