import { type CommitRecord, isRecordPath, type RecordMember } from '@acervo/kernel/pack/record.ts';
import { entryAt, readRecordAt, type SegmentBytes } from '@acervo/kernel/pack/walk.ts';
import type { BlobReader } from '../../ports/blob-store.ts';
import { newSha256 } from './member.ts';

/** A member as its commit record has it. */
export type Recorded = { record: CommitRecord; member: RecordMember };

/** Groups whose records are kept: the instances of a study lie in few of them. */
const RECORDS_MAX = 64;
/** A group has at most a thousand members. */
const HOPS_MAX = 2000;

/** Finds the commit record that stands behind a member: from header to header, and from memory for its neighbours. */
export class RecordFinder {
  readonly #known = new Map<string, Recorded>();
  readonly #records: string[][] = [];

  /**
   * @param at      offset of the member's file in its segment, bytes
   * @param length  of the file, bytes
   * @returns undefined when the way to the record, or the record, is damaged
   */
  async find(reader: BlobReader, segment: number, at: number, length: number): Promise<Recorded | undefined> {
    const known = this.#known.get(`${segment} ${at}`);
    if (known !== undefined) return known;
    const bytes: SegmentBytes = {
      size: Number.MAX_SAFE_INTEGER,
      read: (offset, wanted) => reader.read(offset, wanted),
    };
    let next = nextBlock(at + length);
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      const entry = await entryAt(bytes, next);
      if (typeof entry === 'string') return undefined;
      if (!isRecordPath(entry.path)) {
        next = entry.next;
        continue;
      }
      const { record } = await readRecordAt(bytes, entry, newSha256);
      if (record === undefined || record.segment !== segment) return undefined;
      this.#keep(segment, record);
      return this.#known.get(`${segment} ${at}`);
    }
    return undefined;
  }

  #keep(segment: number, record: CommitRecord): void {
    const keys = record.members.map((member) => {
      const key = `${segment} ${member.at}`;
      this.#known.set(key, { record, member });
      return key;
    });
    this.#records.push(keys);
    if (this.#records.length > RECORDS_MAX) for (const key of this.#records.shift() ?? []) this.#known.delete(key);
  }
}

const BLOCK_BYTES = 512;
const nextBlock = (at: number): number => Math.ceil(at / BLOCK_BYTES) * BLOCK_BYTES;
