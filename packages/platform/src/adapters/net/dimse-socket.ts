import type { Socket } from 'node:net';
import { Failure } from '@acervo/kernel/failure.ts';

type Waiter = { resolve: () => void; reject: (failure: Failure) => void };

/** The system is not asked for more while so much waits for the reader: two of the chunks that a socket gives. */
const WAITING_BYTES_MAX = 128 * 1024;

/**
 * A socket that is read little further than asked, so that a slow reader slows the peer through TCP, and written
 * with an end: every wait, of either direction, is bounded by the limit that `watch` has set.
 */
export class PulledSocket {
  readonly #socket: Socket;
  #reader: Waiter | undefined;
  #writer: Waiter | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Bytes that the reader must have got before its next wait has the whole limit again, and those that it got. */
  #bytesMin = 0;
  #bytesCame = 0;
  /** The limit went by while nobody waited. */
  #isExpired = false;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;

  /** @param onClosed called once, when the connection is gone, whoever ended it. */
  constructor(socket: Socket, onClosed: () => void) {
    this.#socket = socket;
    socket.setNoDelay(true);
    const wake = (): void => this.#reader?.resolve();
    // Flowing: in paused mode a stream puts chunks together by copying them, and stops and starts at each.
    socket.addListener('data', (chunk: Uint8Array) => {
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes >= WAITING_BYTES_MAX) socket.pause();
      wake();
    });
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
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) {
        this.#waitingBytes -= chunk.length;
        this.#bytesCame += chunk.length;
        if (this.#socket.isPaused() && this.#waitingBytes < WAITING_BYTES_MAX) this.#socket.resume();
        return chunk;
      }
      if (this.#socket.readableEnded || this.#socket.destroyed) return undefined;
      const isRenewed = this.#isExpired || this.#bytesCame >= this.#bytesMin;
      await this.#wait(isRenewed, (waiter) => {
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
    await this.#wait(true, (waiter) => {
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

  /**
   * From now on no wait may last longer than this, in milliseconds; undefined: no limit.
   * @param bytesMin  all waits for fewer bytes than these together may not, either: a byte now and then is silence
   */
  watch(limitMs: number | undefined, bytesMin = 0): void {
    clearTimeout(this.#timer);
    this.#bytesMin = bytesMin;
    this.#bytesCame = 0;
    this.#isExpired = false;
    this.#timer = limitMs === undefined ? undefined : setTimeout(() => this.#expire(limitMs), limitMs);
  }

  destroy(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#socket.destroy();
  }

  async #wait(isRenewed: boolean, begin: (waiter: Waiter) => void): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (isRenewed) {
      this.#timer?.refresh();
      this.#bytesCame = 0;
      this.#isExpired = false;
    }
    begin({ resolve, reject });
    await promise;
  }

  /** Nobody waiting: it is the user who takes its time, not the peer; the next wait starts anew. */
  #expire(limitMs: number): void {
    const failure = new Failure('ul/aborted', `peer silent for ${limitMs} ms`);
    this.#isExpired = true;
    this.#reader?.reject(failure);
    this.#writer?.reject(failure);
  }
}

const lost = (): Failure => new Failure('ul/aborted', 'connection lost');
