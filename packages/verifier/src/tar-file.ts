import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import { BLOCK_BYTES, paddingOf, readPaxSize, readTarHeader } from '@acervo/kernel/pack/tar.ts';

/** A file in a tar archive: where its bytes lie. */
export type TarMember = { path: string; at: number; bytes: number };

/** Members that are held at once. */
const MEMBERS_MAX = 5_000_000;
const CHUNK_BYTES = 1 << 20;

/** A tar archive on disk, read where it is asked for. */
export class TarFile {
  readonly #file: number;
  readonly #size: number;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
    this.#size = fstatSync(this.#file).size;
  }

  close(): void {
    closeSync(this.#file);
  }

  /** Every file in it, in order. `isWhole`: it ends as an archive does, and not before. */
  members(): { members: TarMember[]; isWhole: boolean } {
    const members: TarMember[] = [];
    let paxBytes: number | undefined;
    for (let at = 0; at + BLOCK_BYTES <= this.#size && members.length < MEMBERS_MAX; ) {
      const header = this.#header(at);
      if (header === undefined) return { members, isWhole: false };
      if (header === 'end') return { members, isWhole: true };
      at += BLOCK_BYTES;
      const bytes = paxBytes ?? header.sizeBytes;
      if (at + bytes > this.#size) return { members, isWhole: false };
      if (header.type === 'pax') paxBytes = readPaxSize(this.bytesOf({ at, bytes: Math.min(bytes, CHUNK_BYTES) }));
      else {
        members.push({ path: header.path, at, bytes });
        paxBytes = undefined;
      }
      at += bytes + paddingOf(bytes);
    }
    return { members, isWhole: false };
  }

  /** @returns 'end' for the block that ends an archive; undefined for one that is no header */
  #header(at: number): Exclude<ReturnType<typeof readTarHeader>, undefined> | 'end' | undefined {
    try {
      return readTarHeader(this.bytesOf({ at, bytes: BLOCK_BYTES })) ?? 'end';
    } catch (thrown) {
      if (thrown instanceof Failure) return undefined;
      throw thrown;
    }
  }

  bytesOf({ at, bytes }: Pick<TarMember, 'at' | 'bytes'>): Buffer {
    const read = Buffer.alloc(bytes);
    for (let done = 0; done < bytes; ) {
      const count = readSync(this.#file, read, done, bytes - done, at + done);
      if (count === 0) break;
      done += count;
    }
    return read;
  }

  /** SHA-256 (hex) of a member, and of what follows its first `head` bytes. */
  digestsOf({ at, bytes }: TarMember, head: number): { file: string; dataSet: string } {
    const file = createHash('sha256');
    const dataSet = createHash('sha256');
    for (let done = 0; done < bytes; done += CHUNK_BYTES) {
      const chunk = this.bytesOf({ at: at + done, bytes: Math.min(CHUNK_BYTES, bytes - done) });
      file.update(chunk);
      if (done + chunk.length > head) dataSet.update(chunk.subarray(Math.max(0, head - done)));
    }
    return { file: file.digest('hex'), dataSet: dataSet.digest('hex') };
  }
}
