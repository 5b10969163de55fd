import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Log } from '../ports/log.ts';
import type { Db } from '../ports/sql.ts';
import { findVersions, type InsertedInstance } from './index.repo.ts';
import type { IndexFacts } from './index-facts.ts';
import { factsOfMembers } from './member-facts.ts';
import { scanSegment } from './pack/scan.ts';
import type { CommittedGroup } from './pack/segment.ts';
import { isPassing, keyOf, project, projectOneByOne, UidCodes } from './project.ts';
import { findSegment, type SegmentRow } from './segment.repo.ts';
import { ToldSeries } from './told-series.ts';

/** A database that comes back, and says before anything else that it was away. */
export type Reachable = {
  waitUntilReachable(signal: AbortSignal): Promise<void>;
  afterLoss(mend: (db: Db) => Promise<void>): void;
};

/** A question before anything was written waits this long for the database, then the object is refused. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 200;
/** The sender of a durable group waits this long for it to be visible, then the connection ends without an answer. */
const ANSWER_MS_MAX = 30_000;
/** An asynchronous commit is on the disk long before this (three times wal_writer_delay is usual). */
const DURABLE_MS = 60_000;

/** Makes durable groups visible, however often the database has to be asked. */
export class Projector {
  readonly db: Db & Reachable;
  readonly #codes: UidCodes;
  readonly #told = new ToldSeries();
  readonly #log: Log;
  readonly #signal: AbortSignal;
  /** Groups of one segment must be projected in order, or a crash would pass over one. */
  readonly #tails = new Map<number, Promise<unknown>>();
  readonly #blobs: BlobStore;
  /** How far each segment of this process was projected: what a crash of the database may undo. */
  readonly #projected = new Map<number, { end: number; sealedMs: number | undefined }>();
  /** Segments with a durable group for which the database has no space. */
  readonly #spaceless = new Set<number>();

  /** @param signal aborts when the process must end, whatever is still waiting */
  constructor(db: Db & Reachable, blobs: BlobStore, log: Log, signal: AbortSignal) {
    this.db = db;
    this.#blobs = blobs;
    db.afterLoss((inner) => this.#restoreLost(inner));
    this.#codes = new UidCodes(db);
    this.#log = log;
    this.#signal = signal;
  }

  /** Resolves when the group is visible; rejects only when the process ends before. */
  project(group: CommittedGroup, facts: readonly IndexFacts[]): Promise<void> {
    const { segment } = group.record;
    const done = (this.#tails.get(segment) ?? Promise.resolve()).then(() => this.#insist(group, facts));
    this.#tails.set(segment, done);
    // A rejected tail stays: what follows it in the segment must not be projected either.
    const forget = (): unknown => this.#tails.get(segment) === done && this.#tails.delete(segment);
    done.then(forget, () => undefined);
    return done;
  }

  get isSpaceless(): boolean {
    return this.#spaceless.size > 0;
  }

  /**
   * Says whether more may be made durable: what the full database could not show would only wait.
   * @throws {Failure} store/out-of-space
   */
  check(): void {
    if (this.isSpaceless) throw new Failure('store/out-of-space', 'the database has no space for what is stored');
  }

  /** Ask the database, waiting a while for one that is away. @throws {Failure} database/unavailable */
  async patiently<T>(ask: () => Promise<T>): Promise<T> {
    let signal: AbortSignal | undefined;
    for (;;) {
      try {
        return await ask();
      } catch (thrown) {
        signal ??= AbortSignal.any([this.#signal, AbortSignal.timeout(PATIENCE_MS)]);
        if (toFailure(thrown).code !== 'database/unavailable' || signal.aborted) throw thrown;
        await this.db.waitUntilReachable(signal).catch(() => {
          throw thrown;
        });
      }
    }
  }

  async #insist(group: CommittedGroup, facts: readonly IndexFacts[]): Promise<void> {
    let attempt: (typeof attempts)[number] = project;
    for (;;) {
      try {
        await this.#resolveRaces(group, facts, await attempt(this.db, group, facts, this.#codes, this.#told));
        this.#noteProjected(group);
        this.#spaceless.delete(group.record.segment);
        return;
      } catch (thrown) {
        const failure = toFailure(thrown);
        this.#told.forget();
        if (failure.code === 'store/out-of-space') this.#spaceless.add(group.record.segment);
        this.#log.warn('group.unprojected', {
          segment: group.record.segment,
          code: failure.code,
          detail: failure.detail,
        });
        if (failure.code === 'database/unavailable') await this.#fillGap(group);
        if (!isPassing(thrown)) attempt = attempt === project ? projectOneByOne : project;
        await this.#pause();
      }
    }
  }

  /**
   * A member that was not new: a replay, or another process stored the same UIDs in the same moment. If nobody
   * holds its content it gets the next free version number.
   */
  async #resolveRaces(
    group: CommittedGroup,
    facts: readonly IndexFacts[],
    inserted: readonly InsertedInstance[],
  ): Promise<void> {
    const { record } = group;
    if (inserted.length === record.members.length) return;
    for (const [index, member] of record.members.entries()) {
      const key = keyOf(record, member);
      const isNew = inserted.some(
        (row) =>
          row.sop_uid === key.sop_uid &&
          row.version === member.version &&
          row.study_key === key.study_key &&
          row.series_key === key.series_key,
      );
      const held = isNew ? [] : await findVersions(this.db, [key]);
      const isHeld = held.some((row) => row.digest === member.sha256 && row.transferSyntax === member.transferSyntax);
      if (isNew || isHeld) continue;
      const version = 1 + Math.max(...held.map((row) => row.version));
      this.#log.warn('instance.raced', { segment: record.segment, version });
      const alone = { ...group, record: { ...record, members: [{ ...member, version, event: -1 }], events: [] } };
      await project(this.db, alone, [facts[index] as IndexFacts], this.#codes);
    }
  }

  #noteProjected({ record, end }: CommittedGroup): void {
    const now = Date.now();
    this.#projected.set(record.segment, { end, sealedMs: record.sealed ? now : undefined });
    for (const [segment, { sealedMs }] of this.#projected) {
      if (sealedMs !== undefined && now - sealedMs > DURABLE_MS) this.#projected.delete(segment);
    }
  }

  /**
   * A database server that crashed has forgotten the last transactions that were committed asynchronously. Their
   * groups are durable in the segments: project again what lies between the watermark and what was projected.
   */
  async #restoreLost(db: Db): Promise<void> {
    for (const [segment, { end }] of this.#projected) {
      const row = await findSegment(db, segment);
      if (row === undefined || row.committed >= end) continue;
      const groups = await this.#projectRange(db, row, end);
      this.#log.warn('segment.restored', { segment, groups, from: row.committed, to: end });
    }
  }

  /** Project what should stand before this group, if the database lost it without our seeing a connection go. */
  async #fillGap({ record, start }: CommittedGroup): Promise<void> {
    try {
      const row = await findSegment(this.db, record.segment);
      if (row !== undefined && row.committed < start) await this.#projectRange(this.db, row, start);
    } catch (thrown) {
      this.#log.warn('segment.unfilled', { segment: record.segment, code: toFailure(thrown).code });
    }
  }

  async #projectRange(db: Db, row: SegmentRow, end: number): Promise<number> {
    const reader = await this.#blobs.open(segmentPath(row.segment));
    let groups = 0;
    try {
      const from = { segment: row.segment, at: row.committed, records: row.records, chain: row.chain };
      for await (const found of scanSegment(reader, from)) {
        if (found.kind === 'end' || found.end > end) return groups;
        await project(db, found, await factsOfMembers(reader, found.record), this.#codes);
        groups += 1;
      }
      return groups;
    } finally {
      await reader.close();
    }
  }

  async #pause(): Promise<void> {
    this.#signal.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    await this.db.waitUntilReachable(this.#signal).catch((thrown: unknown) => {
      this.#signal.throwIfAborted();
      // Whatever else is wrong with the database: a durable group is never given up.
      this.#log.warn('database.unreachable', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
    });
  }
}

/**
 * What a sender waits for, with an end: the group goes on being projected, but nobody can know when it is visible.
 * @throws {Failure} store/answer-lost, and never a refusal: the group is durable (decision record 0004)
 */
export async function answerable(projection: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${ANSWER_MS_MAX} ms`)), ANSWER_MS_MAX);
  try {
    await Promise.race([projection, late.promise]);
  } catch (cause) {
    throw new Failure('store/answer-lost', `durable, not projected: ${toFailure(cause).detail}`, { cause });
  } finally {
    clearTimeout(timer);
  }
}

const attempts = [project, projectOneByOne] as const;
