import { createHash } from 'node:crypto';
import type { CaseFileEntry } from '@acervo/kernel/journal/case-file.ts';
import { BLOCK_BYTES, paddingOf, USTAR_SIZE_MAX, writePaxSize, writeTarHeader } from '@acervo/kernel/pack/tar.ts';

/** A tar archive that is written member by member, and knows the SHA-256 of each that was. */
export class TarWriter {
  readonly entries: CaseFileEntry[] = [];
  readonly #mtimeSeconds: number;

  constructor(at: Date) {
    this.#mtimeSeconds = Math.floor(at.getTime() / 1000);
  }

  *text(path: string, text: string): Generator<Uint8Array> {
    const bytes = new TextEncoder().encode(text);
    yield this.#begin(path, bytes.length);
    yield bytes;
    yield* this.#end(path, bytes.length, createHash('sha256').update(bytes).digest('hex'));
  }

  /** @param bytes  how many the body has */
  async *body(path: string, bytes: number, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    if (bytes > USTAR_SIZE_MAX) yield writePaxSize(path, bytes, this.#mtimeSeconds);
    yield this.#begin(path, bytes);
    for await (const chunk of body) {
      hash.update(chunk);
      yield chunk;
    }
    yield* this.#end(path, bytes, hash.digest('hex'));
  }

  /** Two blocks of zeros: the archive was not cut off. */
  close(): Uint8Array {
    return new Uint8Array(2 * BLOCK_BYTES);
  }

  #begin(path: string, sizeBytes: number): Uint8Array {
    return writeTarHeader({ path, sizeBytes, mtimeSeconds: this.#mtimeSeconds, type: 'file' });
  }

  *#end(path: string, bytes: number, sha256: string): Generator<Uint8Array> {
    this.entries.push({ path, bytes, sha256 });
    const padding = paddingOf(bytes);
    if (padding > 0) yield new Uint8Array(padding);
  }
}
