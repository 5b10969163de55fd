import { createHash } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { readRange } from '../../../holdings/pack/scan.ts';
import type { BlobStore } from '../../../ports/blob-store.ts';

const NAME = /^[0-9a-f]{2}\/([0-9a-f]{64})$/;
const nameOf = (sha256: string): string => `${sha256.slice(0, 2)}/${sha256}`;

/**
 * Files by the SHA-256 of their bytes. A crash may leave one half under its name: it has no row, and whoever brings the
 * same bytes again writes it anew.
 */
export class PackageFiles {
  readonly #blobs: BlobStore;

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * Keep a file; durable when it resolves. One that is there and sound is not written again.
   * @throws {Failure} model/digest where the bytes are others; store/out-of-space
   */
  async keep(sha256: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
    const created = await this.#blobs.create(nameOf(sha256));
    if (created === undefined && (await this.isSound(sha256))) return;
    const writer = created ?? (await this.#blobs.append(nameOf(sha256)));
    const hash = createHash('sha256');
    let at = 0;
    try {
      await writer.truncate(0);
      for await (const piece of pieces) {
        await writer.write([piece], at);
        hash.update(piece);
        at += piece.length;
      }
      if (hash.digest('hex') !== sha256) throw new Failure('model/digest', `${sha256}: other bytes came`);
      await writer.datasync();
    } finally {
      await writer.close();
    }
  }

  async isSound(sha256: string): Promise<boolean> {
    const hash = createHash('sha256');
    try {
      for await (const piece of this.#pieces(sha256)) hash.update(piece);
    } catch (thrown) {
      if (thrown instanceof Failure && thrown.code === 'retrieve/damaged') return false;
      throw thrown;
    }
    return hash.digest('hex') === sha256;
  }

  /**
   * Its bytes as they are stored. What is not what its name says is told behind the last byte.
   * @throws {Failure} model/digest
   */
  async *read(sha256: string): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    try {
      for await (const piece of this.#pieces(sha256)) {
        hash.update(piece);
        yield piece;
      }
    } catch (cause) {
      if (!(cause instanceof Failure && cause.code === 'retrieve/damaged')) throw cause;
      throw new Failure('model/digest', `${sha256} is missing or short`, { cause });
    }
    if (hash.digest('hex') !== sha256) throw new Failure('model/digest', `${sha256} has other bytes`);
  }

  /** All of it. @throws {Failure} model/digest */
  async bytes(sha256: string): Promise<Uint8Array> {
    return new Uint8Array(Buffer.concat(await Array.fromAsync(this.read(sha256))));
  }

  /** Names of all files that are there, whole or not. */
  async *list(): AsyncGenerator<string> {
    for await (const name of this.#blobs.list()) {
      const sha256 = NAME.exec(name)?.[1];
      if (sha256 !== undefined) yield sha256;
    }
  }

  remove(sha256: string): Promise<void> {
    return this.#blobs.remove(nameOf(sha256));
  }

  async *#pieces(sha256: string): AsyncGenerator<Uint8Array> {
    const name = nameOf(sha256);
    const size = await this.#blobs.sizeOf(name);
    const reader = await this.#blobs.open(name);
    try {
      yield* readRange(reader, 0, size ?? 0);
    } finally {
      await reader.close();
    }
  }
}
