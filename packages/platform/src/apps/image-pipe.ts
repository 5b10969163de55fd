import { once } from 'node:events';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { latin1Bytes, latin1Text } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { InputFile } from '../ports/inference-tasks.ts';

/**
 * Images on their way to the process of runs, beside its messages: what goes with a message is copied four times, and
 * the memory for that is collected again and again by whoever serves.
 *
 * Each is a head of 80 bytes, and its bytes. The head: the run (u32), nothing (4 bytes), the length (f64), both little
 * endian, and the SOP Instance UID, padded by zeros.
 */
const HEAD_BYTES = 80;
const [RUN_AT, LENGTH_AT, UID_AT] = [0, 8, 16];
const READ_BYTES = 1 << 18;
const ZEROS = new Uint8Array(1 << 16);

/** In the process of runs: behind stdin, stdout, stderr and the messages. */
export const IMAGE_FD = 4;

/**
 * One image, whole: the next may follow once it is written. Of one that cannot be read the rest is zeros.
 * @throws {Failure} model/failed where nobody reads any more; and whatever its parts throw
 */
export async function writeImage(
  to: Writable,
  run: number,
  { sopInstanceUid, length, parts }: InputFile,
): Promise<void> {
  const head = new Uint8Array(HEAD_BYTES);
  const view = new DataView(head.buffer);
  view.setUint32(RUN_AT, run, true);
  view.setFloat64(LENGTH_AT, length, true);
  head.set(latin1Bytes(sopInstanceUid).subarray(0, HEAD_BYTES - UID_AT), UID_AT);
  let left = length;
  // One part is on its way while the next is read.
  let sent = written(to, head);
  try {
    for await (const { bytes, giveBack } of parts()) {
      await sent;
      left -= bytes.length;
      sent = written(to, bytes).finally(giveBack);
      sent.catch(() => {});
    }
    await sent;
  } finally {
    for (; left > 0; left -= ZEROS.length) await written(to, ZEROS.subarray(0, left));
  }
}

function written(to: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    to.write(bytes, (cause) => {
      if (cause) reject(new Failure('model/failed', 'the process of runs takes no images', { cause }));
      else resolve();
    });
  });
}

export type TakeImage = (run: number, sopInstanceUid: string, file: Uint8Array) => void;

/** Images as they come, until the pipe ends. */
export async function readImages(fd: number, take: TakeImage): Promise<void> {
  const reader = new ImageReader(take);
  const callback = (length: number, buffer: Uint8Array): boolean => {
    reader.push(buffer.subarray(0, length));
    return true;
  };
  const onread = { buffer: new Uint8Array(READ_BYTES), callback };
  await once(new Socket({ fd, readable: true, writable: false, onread }), 'close');
}

/** What `writeImage` wrote, in whatever pieces it comes. */
export class ImageReader {
  readonly #take: TakeImage;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #into = this.#head;
  #at = 0;

  constructor(take: TakeImage) {
    this.#take = take;
  }

  push(piece: Uint8Array): void {
    for (let from = 0; from < piece.length; ) {
      const taken = piece.subarray(from, from + this.#into.length - this.#at);
      this.#into.set(taken, this.#at);
      this.#at += taken.length;
      from += taken.length;
      if (this.#at === this.#into.length) this.#full();
    }
  }

  #full(): void {
    const view = new DataView(this.#head.buffer);
    const length = view.getFloat64(LENGTH_AT, true);
    this.#at = 0;
    if (this.#into === this.#head && length > 0) {
      this.#into = new Uint8Array(length);
      return;
    }
    const file = this.#into === this.#head ? new Uint8Array() : this.#into;
    this.#into = this.#head;
    this.#take(view.getUint32(RUN_AT, true), latin1Text(this.#head.subarray(UID_AT)).replace(/\0+$/, ''), file);
  }
}
