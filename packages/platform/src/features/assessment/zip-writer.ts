import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  centralDirectory,
  dataDescriptor,
  localHeader,
  type PlacedEntry,
  streamedHeader,
} from '@acervo/interop/zip/zip.ts';

/** A ZIP archive as it is written, entry by entry, with the digest of each. */
export class ZipWriter {
  /** SHA-256 of every entry, by its name. */
  readonly sums: { name: string; sha256: string }[] = [];
  readonly #entries: PlacedEntry[] = [];
  #at = 0;

  *bytes(name: string, body: Uint8Array): Generator<Uint8Array> {
    const entry = { name, bytes: body.length, crc32: crc32(body), at: this.#at };
    yield* this.#told(localHeader(entry));
    yield* this.#told(body);
    this.#entries.push(entry);
    this.sums.push({ name, sha256: createHash('sha256').update(body).digest('hex') });
  }

  text(name: string, text: string): Generator<Uint8Array> {
    return this.bytes(name, new TextEncoder().encode(text));
  }

  /** A body of which nobody knows before how long it is. */
  async *stream(name: string, body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const at = this.#at;
    const hash = createHash('sha256');
    let checksum = 0;
    let bytes = 0;
    yield* this.#told(streamedHeader(name));
    for await (const chunk of body) {
      checksum = crc32(chunk, checksum);
      hash.update(chunk);
      bytes += chunk.length;
      yield* this.#told(chunk);
    }
    const entry = { name, bytes, crc32: checksum, at, isStreamed: true };
    yield* this.#told(dataDescriptor(entry));
    this.#entries.push(entry);
    this.sums.push({ name, sha256: hash.digest('hex') });
  }

  end(): Uint8Array {
    return centralDirectory(this.#entries, this.#at);
  }

  *#told(bytes: Uint8Array): Generator<Uint8Array> {
    this.#at += bytes.length;
    yield bytes;
  }
}
