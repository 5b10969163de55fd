import { Failure } from '@acervo/kernel/failure.ts';
import { type RecordVoid, segmentPath } from '@acervo/kernel/pack/record.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Log } from '../../ports/log.ts';
import type { Group, GroupMember } from './member.ts';
import { type CommittedGroup, Segment } from './segment.ts';

/** What the packs ask of the index about segments; every answer is durable before it resolves. */
export type SegmentRegister = {
  nextNumber(): Promise<number>;
  opened(segment: number): Promise<void>;
  abandoned(segment: number, voidFrom: number): Promise<void>;
  /** Project a group that has no members: a seal, or a record that only voids. */
  committed(group: CommittedGroup): Promise<void>;
};

/** Told of every group that became durable, and how long that took. */
export type PackMetrics = { groupCommitted(instances: number, seconds: number): void };

export type PackLimits = { segmentBytesMax: number };

/**
 * The open segments of this process: one for gathered groups, as many for streamed objects as are being
 * streamed at once. Gathered groups must not overlap (their one caller queues them); streams may.
 */
export class PackSet {
  readonly #blobs: BlobStore;
  readonly #register: SegmentRegister;
  readonly #limits: PackLimits;
  readonly #writerId: string;
  readonly #log: Log;
  readonly #now: () => string;
  readonly #metrics: PackMetrics | undefined;
  #gathered: Segment | undefined;
  #idleStreams: Segment[] = [];
  /** Ranges whose fdatasync failed and which no durable record has voided yet. */
  #voids: RecordVoid[] = [];

  constructor(
    blobs: BlobStore,
    register: SegmentRegister,
    limits: PackLimits,
    writerId: string,
    log: Log,
    metrics?: PackMetrics,
  ) {
    this.#blobs = blobs;
    this.#register = register;
    this.#limits = limits;
    this.#writerId = writerId;
    this.#log = log;
    this.#metrics = metrics;
    this.#now = monotonicTime();
  }

  /** Make a gathered group durable. On failure nothing of it will ever be visible, or `store/answer-lost`. */
  async commit(group: Group): Promise<CommittedGroup> {
    const segment = (await this.#withRoom(this.#gathered)) ?? (await this.#openSegment());
    this.#gathered = segment;
    try {
      return await this.#voiding(segment, (voids) => segment.commit(group, voids));
    } catch (thrown) {
      if (await this.#retire(segment)) this.#gathered = undefined;
      throw thrown;
    }
  }

  /** A segment for one streamed object; give it back with commitStream or cutStream. */
  async openStream(): Promise<Segment> {
    const segment = (await this.#withRoom(this.#idleStreams.pop())) ?? (await this.#openSegment());
    segment.beginStream();
    return segment;
  }

  async commitStream(segment: Segment, member: GroupMember, group: Group): Promise<CommittedGroup> {
    try {
      const committed = await this.#voiding(segment, (voids) => segment.commitStream(member, group, voids));
      this.#idleStreams.push(segment);
      return committed;
    } catch (thrown) {
      if (!(await this.#retire(segment))) this.#idleStreams.push(segment);
      throw thrown;
    }
  }

  async cutStream(segment: Segment): Promise<void> {
    if (!(await this.#retire(segment))) this.#idleStreams.push(segment);
  }

  /** Seal what is open: at a clean stop, or when nothing came for long. */
  async sealAll(): Promise<void> {
    const open = [...(this.#gathered ? [this.#gathered] : []), ...this.#idleStreams];
    this.#gathered = undefined;
    this.#idleStreams = [];
    for (const segment of open) await this.#seal(segment);
  }

  /**
   * A full segment is sealed when the next group looks for room, not behind its last group: that one must be
   * projected before the seal is.
   */
  async #withRoom(segment: Segment | undefined): Promise<Segment | undefined> {
    if (segment === undefined || segment.end < this.#limits.segmentBytesMax) return segment;
    if (this.#gathered === segment) this.#gathered = undefined;
    await this.#seal(segment);
    return undefined;
  }

  /** After a failed write: cut the tail. @returns true when the segment takes nothing more. */
  async #retire(segment: Segment): Promise<boolean> {
    try {
      await segment.cut();
      if (!segment.broken) return false;
    } catch (cause) {
      // The tail holds no whole record, so it was never stored; the next start cuts it.
      this.#log.warn('segment.uncut', { segment: segment.number, cause: String(cause) });
    }
    await segment.close().catch((cause: unknown) => this.#log.warn('segment.unclosed', { cause: String(cause) }));
    if (!segment.broken) return true;
    this.#voids.push({ segment: segment.number, from: segment.end });
    await this.#recordVoids();
    return true;
  }

  /**
   * Make the voids durable in a fresh segment before anybody is told "refused". Where that fails too the
   * outcome is unknown, and the sender must not hear a refusal.
   */
  async #recordVoids(): Promise<void> {
    const voids = this.#voids;
    try {
      for (const each of voids) await this.#register.abandoned(each.segment, each.from);
      const segment = await this.#openSegment();
      this.#idleStreams.push(segment);
      const group = { members: [], events: [] };
      await this.#register.committed(await this.#voiding(segment, (given) => segment.commit(group, given)));
    } catch (cause) {
      throw new Failure('store/answer-lost', `segments ${voids.map((each) => each.segment).join()} not voided`, {
        cause,
      });
    }
  }

  /** Let the next record of a healthy segment carry the pending voids; they are done when it is durable. */
  async #voiding(
    segment: Segment,
    commit: (voids: readonly RecordVoid[]) => Promise<CommittedGroup>,
  ): Promise<CommittedGroup> {
    const startedMs = performance.now();
    const carried = this.#voids.filter((each) => each.segment !== segment.number);
    const committed = await commit(carried);
    this.#metrics?.groupCommitted(committed.record.members.length, (performance.now() - startedMs) / 1000);
    if (carried.length > 0) this.#voids = this.#voids.filter((each) => !carried.includes(each));
    return committed;
  }

  async #seal(segment: Segment): Promise<void> {
    // Its groups are durable and served; the next start seals it.
    const unsealed = (cause: unknown): undefined => {
      this.#log.warn('segment.unsealed', { segment: segment.number, cause: String(cause) });
      return undefined;
    };
    const sealed = await segment.seal().catch(async (thrown: unknown) => {
      unsealed(thrown);
      // Half of a sealing record on a full disk would only take the space of others.
      await segment.cut().catch(unsealed);
      return segment.close().catch(unsealed);
    });
    if (sealed !== undefined) await this.#register.committed(sealed).catch(unsealed);
  }

  async #openSegment(): Promise<Segment> {
    for (let attempt = 0; attempt < NUMBERS_TRIED_MAX; attempt++) {
      const number = await this.#register.nextNumber();
      // The row first: a file without a row is of an earlier life, and any process that starts may adopt it.
      await this.#register.opened(number);
      const writer = await this.#create(number);
      if (writer === undefined) continue;
      const state = { segment: number, end: 0, records: 0, chain: '' };
      return new Segment(state, writer, this.#writerId, this.#now);
    }
    throw new Failure('store/unavailable', `no free segment number in ${NUMBERS_TRIED_MAX} tries`);
  }

  async #create(number: number): ReturnType<BlobStore['create']> {
    try {
      return await this.#blobs.create(segmentPath(number));
    } catch (cause) {
      throw new Failure('store/out-of-space', `segment ${number} cannot be created`, { cause });
    }
  }
}

/** A restored database may lag behind the files by this many segments. */
const NUMBERS_TRIED_MAX = 100_000;

/** RFC 3339 UTC with milliseconds, never running backwards within the process. */
export function monotonicTime(): () => string {
  let lastMs = 0;
  return () => {
    lastMs = Math.max(lastMs, Date.now());
    return new Date(lastMs).toISOString();
  };
}
