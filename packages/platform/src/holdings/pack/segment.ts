import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import {
  type CommitRecord,
  encodeRecord,
  type RecordContext,
  type RecordMember,
  type RecordVoid,
  recordPath,
} from '@acervo/kernel/pack/record.ts';
import { BLOCK_BYTES, PAX_BYTES, paddingOf, writePaxSize, writeTarHeader } from '@acervo/kernel/pack/tar.ts';
import type { BlobWriter } from '../../ports/blob-store.ts';
import { type Group, type GroupMember, memberPath, sha256Hex } from './member.ts';

/** A group as it became durable: what the index projects. */
export type CommittedGroup = {
  record: CommitRecord;
  /** Where the group begins: the end of the one before it, bytes. */
  start: number;
  /** End of the group in the segment, bytes: the index's next watermark. */
  end: number;
  /** SHA-256 of the record: what the next one names as its previous. */
  chain: string;
};

/** Where a segment's writing goes on: after its last record. */
export type SegmentState = { segment: number; end: number; records: number; chain: string };

const ZERO_BLOCKS = new Uint8Array(2 * BLOCK_BYTES);

/**
 * One open segment with its only writer. Calls must not overlap. After a failed datasync the segment is
 * `broken`: it takes nothing more, and whoever holds it must void its tail elsewhere.
 */
export class Segment {
  readonly number: number;
  readonly #writer: BlobWriter;
  readonly #writerId: string;
  readonly #now: () => string;
  #end: number;
  #records: number;
  #chain: string;
  #broken = false;
  /** Data position of the object being streamed, and how far it is. */
  #stream: { at: number; end: number } | undefined;

  constructor(state: SegmentState, writer: BlobWriter, writerId: string, now: () => string) {
    this.number = state.segment;
    this.#end = state.end;
    this.#records = state.records;
    this.#chain = state.chain;
    this.#writer = writer;
    this.#writerId = writerId;
    this.#now = now;
  }

  /** Bytes up to the last durable group. */
  get end(): number {
    return this.#end;
  }
  get broken(): boolean {
    return this.#broken;
  }

  /** Make a gathered group durable: one write, one fdatasync. */
  async commit(group: Group, voids: readonly RecordVoid[]): Promise<CommittedGroup> {
    const pieces: Uint8Array[] = [];
    let at = this.#end;
    const placed: number[] = [];
    for (const member of group.members) {
      const length = member.facts.length;
      pieces.push(writeTarHeader({ ...fileOf(member), sizeBytes: length }), ...member.pieces);
      pieces.push(ZERO_BLOCKS.subarray(0, paddingOf(length)));
      placed.push(at + BLOCK_BYTES);
      at += BLOCK_BYTES + length + paddingOf(length);
    }
    return this.#finish(pieces, this.#end, at, this.#recordOf(group, placed, voids, false));
  }

  /** Begin an object whose size is not known. Exactly one of commitStream and cut must follow. */
  beginStream(): void {
    const at = this.#end + PAX_BYTES + BLOCK_BYTES;
    this.#stream = { at, end: at };
  }

  /** Where the object being streamed begins, bytes. */
  get streamAt(): number {
    if (this.#stream === undefined) throw new Error('nothing is being streamed');
    return this.#stream.at;
  }

  /** Append to the object being streamed. The bytes may be reused when it resolves. */
  async appendStream(pieces: readonly Uint8Array[]): Promise<void> {
    const stream = this.#stream;
    if (stream === undefined) throw new Error('appendStream without beginStream');
    await this.#guard(() => this.#writer.write(pieces, stream.end));
    for (const piece of pieces) stream.end += piece.length;
  }

  /** Patch the streamed object's headers, add the record, make it durable. */
  async commitStream(member: GroupMember, group: Group, voids: readonly RecordVoid[]): Promise<CommittedGroup> {
    const stream = this.#stream;
    if (stream === undefined) throw new Error('commitStream without beginStream');
    const length = stream.end - stream.at;
    if (length !== member.facts.length) throw new Error(`streamed ${length} of ${member.facts.length} bytes`);
    const file = fileOf(member);
    const head = [writePaxSize(file.path, length, file.mtimeSeconds), writeTarHeader({ ...file, sizeBytes: length })];
    await this.#guard(() => this.#writer.write(head, this.#end));
    const padding = paddingOf(length);
    const record = this.#recordOf(group, [stream.at], voids, false);
    return this.#finish([ZERO_BLOCKS.subarray(0, padding)], stream.end, stream.end + padding, record);
  }

  /** Forget what was written since the last group. */
  async cut(): Promise<void> {
    this.#stream = undefined;
    if (this.#broken) return;
    await this.#guard(() => this.#writer.truncate(this.#end));
  }

  /** Append the last record and the end of the archive, and close. */
  async seal(): Promise<CommittedGroup> {
    const record = this.#recordOf({ members: [], events: [] }, [], [], true);
    const sealed = await this.#finish([], this.#end, this.#end, record, ZERO_BLOCKS);
    await this.#writer.close();
    return sealed;
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #finish(
    before: Uint8Array[],
    at: number,
    recordAt: number,
    record: CommitRecord,
    after?: Uint8Array,
  ): Promise<CommittedGroup> {
    const content = encodeRecord(record);
    const chain = sha256Hex(content);
    const path = recordPath(this.number, record.record, chain);
    const header = writeTarHeader({
      path,
      sizeBytes: content.length,
      mtimeSeconds: secondsOf(record.at),
      type: 'file',
    });
    const padding = ZERO_BLOCKS.subarray(0, paddingOf(content.length));
    const end = recordAt + BLOCK_BYTES + content.length + padding.length;
    await this.#guard(() => this.#writer.write([...before, header, content, padding, ...(after ? [after] : [])], at));
    await this.#datasync();
    const start = this.#end;
    this.#stream = undefined;
    this.#end = end;
    this.#records += 1;
    this.#chain = chain;
    return { record, start, end, chain };
  }

  async #datasync(): Promise<void> {
    try {
      await this.#writer.datasync();
    } catch (cause) {
      // What the kernel could not write it may have forgotten: asking again would lie (decision record 0004).
      this.#broken = true;
      throw new Failure('store/unavailable', `fdatasync of segment ${this.number} failed`, { cause });
    }
  }

  async #guard(write: () => Promise<void>): Promise<void> {
    if (this.#broken) throw new Failure('store/unavailable', `segment ${this.number} is abandoned`);
    try {
      await write();
    } catch (cause) {
      const code = toFailure(cause).code === 'store/out-of-space' ? 'store/out-of-space' : 'store/unavailable';
      throw new Failure(code, `segment ${this.number}`, { cause });
    }
  }

  #recordOf(group: Group, placed: readonly number[], voids: readonly RecordVoid[], sealed: boolean): CommitRecord {
    const contexts: RecordContext[] = [];
    const members = group.members.map((member, index): RecordMember => {
      const { context, ...facts } = member.facts;
      const event = group.events.findIndex((candidate) => candidate.members.includes(index));
      return {
        ...facts,
        path: memberPath(member.facts),
        at: placed[index] as number,
        context: indexOf(contexts, context),
        event,
      };
    });
    const events = group.events.map(({ envelope }): Json => envelope);
    const segment = this.number;
    const record = this.#records;
    return {
      v: 2,
      segment,
      record,
      previous: this.#chain,
      at: this.#now(),
      writer: this.#writerId,
      members,
      contexts,
      events,
      voids: [...voids],
      sealed,
    };
  }
}

/** Position of an equal context, added when it is new: a group has few of them. */
function indexOf(contexts: RecordContext[], context: RecordContext): number {
  const isEqual = (known: RecordContext): boolean =>
    known === context || (known.op === context.op && canonicalJson(known) === canonicalJson(context));
  const found = contexts.findIndex(isEqual);
  return found >= 0 ? found : contexts.push(context) - 1;
}

function fileOf(member: GroupMember): { path: string; mtimeSeconds: number; type: 'file' } {
  return { path: memberPath(member.facts), mtimeSeconds: secondsOf(member.facts.received), type: 'file' };
}

const secondsOf = (time: string): number => Math.floor(Date.parse(time) / 1000);
