import { statfs } from 'node:fs/promises';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Gate } from '../holdings/store.ts';
import type { BlobStore } from '../ports/blob-store.ts';

/** Closes the doors in before the disk of the packs or of the database is full; reads go on. */
export class DiskGate implements Gate {
  readonly #blobs: BlobStore;
  readonly #dataDir: string;
  readonly #freeBytesMin: number;
  #freeBytes = Number.POSITIVE_INFINITY;

  constructor(blobs: BlobStore, dataDir: string, freeBytesMin: number) {
    this.#blobs = blobs;
    this.#dataDir = dataDir;
    this.#freeBytesMin = freeBytesMin;
  }

  check(): void {
    if (this.#freeBytes >= this.#freeBytesMin) return;
    throw new Failure('store/out-of-space', `${this.#freeBytes} bytes free, ${this.#freeBytesMin} must stay`);
  }

  /** Look again. @returns bytes free on the fuller of the two disks */
  async measure(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#dataDir);
    this.#freeBytes = Math.min(bavail * bsize, await this.#blobs.freeBytes());
    return this.#freeBytes;
  }
}
