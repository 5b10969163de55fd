import { Failure } from '@acervo/kernel/failure.ts';
import type { Random } from '@acervo/kernel/random.ts';
import type { BlobReader, BlobStore, BlobWriter } from '@acervo/platform/ports/blob-store.ts';

const PAGE_BYTES = 4096;

/** A file as the process sees it, and as the disk would give it back. */
type File = { now: Uint8Array; durable: Uint8Array };

export type ForgetfulBlobStore = BlobStore & {
  /** Steps taken so far: each write, truncate, datasync and create is one. */
  steps(): number;
  /** Fail this step and everything after it, as if the power went; a write may be half done. */
  losePowerAt(step: number): void;
  /** Let the n-th datasync from now fail, once. */
  failDatasync(nth: number): void;
  /**
   * The power is back: of everything that no completed datasync covered, each page and the length is what it was
   * or what it became, as the disk pleases.
   */
  restorePower(random: Random): void;
};

/** Segments in memory that remember only what a completed datasync covered. */
export function forgetfulBlobStore(): ForgetfulBlobStore {
  const files = new Map<string, File>();
  let steps = 0;
  let lostAt = Number.POSITIVE_INFINITY;
  let failing = 0;
  const step = (): void => {
    steps += 1;
    if (steps >= lostAt) throw new Error('the power is gone');
  };
  const fileOf = (name: string): File => {
    const file = files.get(name);
    if (file === undefined) throw new Failure('retrieve/damaged', `segment ${name} is missing`);
    return file;
  };
  const power: Power = {
    step,
    isLastStep: () => steps + 1 >= lostAt,
    failsDatasync: () => {
      failing -= 1;
      return failing === 0;
    },
  };
  const writerOf = (file: File): BlobWriter => writerOver(file, power);
  return {
    steps: () => steps,
    losePowerAt: (at) => {
      lostAt = at;
    },
    failDatasync: (nth) => {
      failing = nth;
    },
    restorePower: (random) => {
      lostAt = Number.POSITIVE_INFINITY;
      for (const file of files.values()) {
        file.now = survivor(file, random);
        file.durable = file.now.slice();
      }
    },
    create: (name) =>
      settle(() => {
        step();
        if (files.has(name)) return undefined;
        const file = { now: new Uint8Array(0), durable: new Uint8Array(0) };
        files.set(name, file);
        return writerOf(file);
      }),
    append: (name) => settle(() => writerOf(fileOf(name))),
    open: (name) =>
      settle((): BlobReader => {
        const file = fileOf(name);
        return {
          read: (offset, length) => Promise.resolve(file.now.slice(offset, offset + length)),
          fill: (into, offset) =>
            settle(() => {
              const bytes = file.now.subarray(offset, offset + into.length);
              into.set(bytes);
              return bytes.length;
            }),
          close: () => Promise.resolve(),
        };
      }),
    sizeOf: (name) => Promise.resolve(files.get(name)?.now.length),
    async *list() {
      yield* [...files.keys()].sort();
    },
    remove: (name) => settle(() => void files.delete(name)),
    freeBytes: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
  };
}

/** What a write asks of the power supply and the disk. */
type Power = { step(): void; isLastStep(): boolean; failsDatasync(): boolean };

function writerOver(file: File, power: Power): BlobWriter {
  const { step } = power;
  return {
    write: (pieces, at) =>
      settle(() => {
        const bytes = Buffer.concat(pieces);
        const isCut = power.isLastStep();
        write(file, isCut ? bytes.subarray(0, bytes.length >> 1) : bytes, at);
        step();
      }),
    truncate: (length) =>
      settle(() => {
        step();
        file.now = file.now.slice(0, length);
      }),
    datasync: () =>
      settle(() => {
        step();
        if (power.failsDatasync()) throw Object.assign(new Error('EIO: the disk says no'), { code: 'EIO' });
        file.durable = file.now.slice();
      }),
    close: () => Promise.resolve(),
  };
}

/** What throws becomes a rejection, as of any adapter. */
function settle<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}

function write(file: File, bytes: Uint8Array, at: number): void {
  const end = at + bytes.length;
  if (end > file.now.length) {
    const grown = new Uint8Array(end);
    grown.set(file.now);
    file.now = grown;
  }
  file.now.set(bytes, at);
}

function survivor({ now, durable }: File, random: Random): Uint8Array {
  const length = random.below(2) === 0 ? now.length : durable.length;
  const out = new Uint8Array(length);
  for (let at = 0; at < length; at += PAGE_BYTES) {
    const source = random.below(2) === 0 ? now : durable;
    out.set(source.subarray(at, Math.min(at + PAGE_BYTES, length)), at);
  }
  return out;
}
