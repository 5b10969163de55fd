import { Worker } from 'node:worker_threads';
import type { ImageDescription } from '@acervo/dicom/pixel/description.ts';
import { IDENTITY } from '@acervo/dicom/pixel/voi.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import type { Imaging, PictureRequest, RecodedFrame, StoredFrame } from '../../ports/imaging.ts';

export type PixelTask =
  | { kind: 'picture'; frame: StoredFrame; request: PictureRequest }
  | { kind: 'recode'; frame: StoredFrame; toSyntax: string };

export type PixelReply =
  | { kind: 'done'; bytes: Uint8Array; description: ImageDescription }
  | { kind: 'failed'; code: FailureCode; detail: string };

export type PixelLimits = {
  workers: number;
  /** So many of them are never let go, once they are there. */
  kept: number;
  /** Tasks that wait for a worker. */
  waitingMax: number;
  /** Bytes of the frames that wait. */
  waitingBytesMax: number;
  /** A worker that takes longer for one task is ended. */
  taskMs: number;
  /** A worker that has had nothing to do for so long is let go, unless it is one of those that are kept. */
  idleMs: number;
};

export const PIXEL_LIMITS: Omit<PixelLimits, 'workers' | 'kept'> = {
  waitingMax: 256,
  waitingBytesMax: 512 * 2 ** 20,
  taskMs: 30_000,
  idleMs: 120_000,
};

/** JavaScript memory of a worker. Frames lie outside of it, and are limited by their own size. */
const HEAP_MIB_MAX = 512;

type Waiting = {
  task: PixelTask;
  bytes: number;
  signal: AbortSignal;
  resolve(reply: Extract<PixelReply, { kind: 'done' }>): void;
  reject(reason: unknown): void;
  onAbort(): void;
};

type Place = { worker: Worker; busy: Waiting | undefined; timer: NodeJS.Timeout | undefined };

/**
 * Threads that decode, render and encode. They are started when there is work, and replaced when one dies or takes too
 * long: its task fails, and no other one.
 */
export class PixelPool implements Imaging {
  readonly #limits: PixelLimits;
  readonly #url: URL;
  readonly #places = new Set<Place>();
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isClosed = false;

  /** @param url of the worker's module; another one in tests. */
  constructor(limits: PixelLimits, url = new URL('./pixel.worker.ts', import.meta.url)) {
    this.#limits = limits;
    this.#url = url;
  }

  async picture(frame: StoredFrame, request: PictureRequest, signal: AbortSignal): Promise<Uint8Array> {
    const { bytes } = await this.#run({ kind: 'picture', frame, request }, signal);
    return bytes;
  }

  async recode(frame: StoredFrame, toSyntax: string, signal: AbortSignal): Promise<RecodedFrame> {
    const { bytes, description } = await this.#run({ kind: 'recode', frame, toSyntax }, signal);
    return { bytes, description };
  }

  async warm(): Promise<void> {
    const never = new AbortController().signal;
    await Promise.all(Array.from({ length: this.#limits.kept }, () => this.picture(smallFrame(), SMALL, never)));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#waiting.splice(0)) this.#settle(waiting, new Failure('pixel/busy', 'closing'));
    await Promise.all([...this.#places].map((place) => this.#end(place, new Failure('pixel/busy', 'closing'))));
  }

  #run(task: PixelTask, signal: AbortSignal): Promise<Extract<PixelReply, { kind: 'done' }>> {
    signal.throwIfAborted();
    const bytes = task.frame.bytes.length;
    const { waitingMax, waitingBytesMax } = this.#limits;
    if (this.#isClosed || this.#waiting.length >= waitingMax || this.#waitingBytes + bytes > waitingBytesMax) {
      throw new Failure('pixel/busy', `${this.#waiting.length} images wait`);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#drop(waiting);
      const waiting: Waiting = { task, bytes, signal, resolve, reject, onAbort };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#waitingBytes += bytes;
      this.#dispatch();
    });
  }

  /** Nobody wants it any more: what waits is left out, and what is under way ends unheard. */
  #drop(waiting: Waiting): void {
    const index = this.#waiting.indexOf(waiting);
    if (index >= 0) {
      this.#waiting.splice(index, 1);
      this.#waitingBytes -= waiting.bytes;
    }
    this.#settle(waiting, waiting.signal.reason);
  }

  #settle(waiting: Waiting, outcome: unknown): void {
    waiting.signal.removeEventListener('abort', waiting.onAbort);
    waiting.reject(outcome);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0) {
      const place = this.#idlePlace();
      if (place === undefined) return;
      const next = this.#waiting.shift() as Waiting;
      this.#waitingBytes -= next.bytes;
      this.#start(place, next);
    }
  }

  #idlePlace(): Place | undefined {
    for (const place of this.#places) if (place.busy === undefined) return place;
    return this.#places.size < this.#limits.workers ? this.#open() : undefined;
  }

  #open(): Place {
    const worker = new Worker(this.#url, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB_MAX } });
    const place: Place = { worker, busy: undefined, timer: undefined };
    worker.unref();
    worker.on('message', (reply: PixelReply) => this.#answered(place, reply));
    worker.on('error', (cause) => {
      void this.#end(place, new Failure('pixel/failed', `decoder died: ${cause.message}`, { cause }));
    });
    worker.on('exit', (code) => void this.#end(place, new Failure('pixel/failed', `decoder ended with ${code}`)));
    this.#places.add(place);
    return place;
  }

  #start(place: Place, next: Waiting): void {
    const { taskMs } = this.#limits;
    place.busy = next;
    clearTimeout(place.timer);
    place.timer = setTimeout(() => {
      void this.#end(place, new Failure('pixel/failed', `decoder took more than ${taskMs} ms`));
    }, taskMs);
    const { buffer } = next.task.frame.bytes;
    place.worker.postMessage(
      next.task,
      buffer instanceof ArrayBuffer && isWhole(next.task.frame.bytes) ? [buffer] : [],
    );
  }

  #answered(place: Place, reply: PixelReply): void {
    const { busy } = place;
    place.busy = undefined;
    clearTimeout(place.timer);
    place.timer = setTimeout(() => this.#letGo(place), this.#limits.idleMs).unref();
    if (busy !== undefined && reply.kind === 'done') {
      busy.signal.removeEventListener('abort', busy.onAbort);
      busy.resolve(reply);
    } else if (busy !== undefined && reply.kind === 'failed') {
      this.#settle(busy, new Failure(reply.code, reply.detail));
    }
    this.#dispatch();
  }

  /** To start one takes longer than a picture. */
  #letGo(place: Place): void {
    if (this.#places.size > Math.max(1, this.#limits.kept)) void this.#end(place, undefined);
  }

  async #end(place: Place, reason: Failure | undefined): Promise<void> {
    clearTimeout(place.timer);
    const { busy } = place;
    place.busy = undefined;
    if (!this.#places.delete(place)) return;
    if (busy !== undefined) this.#settle(busy, reason);
    await place.worker.terminate();
    if (!this.#isClosed) this.#dispatch();
  }
}

const SIDE = 16;
const BITS = 12;

/** What a worker loads and compiles for the most frequent picture, grey of 16 bits through a window. */
const SMALL: PictureRequest = {
  presentation: {
    modality: IDENTITY,
    voi: { kind: 'window', window: { center: 40, width: 400, function: 'LINEAR' } },
    padding: undefined,
    isInverse: false,
    palette: undefined,
    overlays: [],
  },
  format: 'jpeg',
  quality: 90,
};

const smallFrame = (): StoredFrame => ({
  bytes: new Uint8Array(2 * SIDE * SIDE),
  transferSyntaxUid: EXPLICIT_LE,
  description: {
    rows: SIDE,
    columns: SIDE,
    samplesPerPixel: 1,
    photometricInterpretation: 'MONOCHROME2',
    planarConfiguration: 0,
    bitsAllocated: 16,
    bitsStored: BITS,
    highBit: BITS - 1,
    isSigned: false,
    isFloat: false,
  },
});

/** Only memory that nothing else lies in can be given away. */
const isWhole = (bytes: Uint8Array): boolean => bytes.byteLength === bytes.buffer.byteLength;
