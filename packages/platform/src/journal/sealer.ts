import type { Json } from '@acervo/kernel/canonical-json.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import type { BlobStore } from '../ports/blob-store.ts';
import type { Log } from '../ports/log.ts';
import type { Db, Sql } from '../ports/sql.ts';
import type { Envelope } from './event.ts';
import {
  insertEvents,
  insertSeals,
  lastSeal,
  type SealPosition,
  trySealerLock,
  unsealedEvents,
} from './journal.repo.ts';
import { LineWriter } from './line-writer.ts';
import { lineText, readLines, type SealedLine, sealHash } from './segments.ts';

const BATCH = 1000;

/**
 * Gives committed journal rows their numbers, chains them and writes them beside the packs (decision record
 * 0013). Any number of processes may run one; an advisory lock lets one at a time work.
 */
export class Sealer {
  readonly #db: Db;
  readonly #blobs: BlobStore;
  readonly #log: Log;
  readonly #writer: LineWriter;
  /** The number up to which the open journal segment is known to be right; undefined: look again. */
  #knownSeq: number | undefined;

  constructor(db: Db, blobs: BlobStore, log: Log) {
    this.#db = db;
    this.#blobs = blobs;
    this.#log = log;
    this.#writer = new LineWriter(blobs);
  }

  /** Number everything that is committed now. @returns how many events were numbered. */
  async sealAll(): Promise<number> {
    let sealed = 0;
    for (;;) {
      const count = await this.#sealBatch();
      sealed += count;
      if (count < BATCH) return sealed;
    }
  }

  /** Run until the signal aborts, every `intervalMs`; failures are logged and tried again. */
  async run(intervalMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.sealAll();
      } catch (thrown) {
        this.#log.warn('journal.unsealed', { code: toFailure(thrown).code, detail: toFailure(thrown).detail });
      }
      await waitMs(intervalMs, signal);
    }
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #sealBatch(): Promise<number> {
    try {
      return await this.#db.transaction(async (sql) => {
        if (!(await trySealerLock(sql))) return 0;
        const last = await this.#catchUp(sql, await lastSeal(sql));
        const rows = await unsealedEvents(sql, last, BATCH);
        if (rows.length === 0) return 0;
        let { seq, hash } = last;
        const lines = rows.map((row): SealedLine => {
          const event = JSON.parse(row.event) as Json;
          const prev = hash;
          seq += 1;
          hash = sealHash(seq, prev, event);
          return { seq, prev, hash, event };
        });
        this.#knownSeq = undefined;
        await this.#writer.append(last.seq + 1, lines.map(lineText));
        await insertSeals(
          sql,
          lines.map((line, index) => sealOf(line, rows[index] as { id: string; xid: string })),
        );
        this.#knownSeq = seq;
        return rows.length;
      });
    } catch (thrown) {
      this.#knownSeq = undefined;
      throw thrown;
    }
  }

  /**
   * When this process did not write the last number: find the end of the segments, and adopt lines that were
   * written but whose numbers a crash kept out of the database. A line is durable before its number, so it counts.
   */
  async #catchUp(sql: Sql, last: SealPosition): Promise<SealPosition> {
    if (this.#knownSeq === last.seq) return last;
    let end: { file: string; end: number } | undefined;
    let position = last;
    for await (const line of readLines(this.#blobs, Math.max(1, last.seq))) {
      end = { file: line.file, end: line.end };
      if (line.seq <= last.seq) continue;
      const id = (line.event as { id: string }).id;
      await insertEvents(sql, [line.event as Envelope]);
      await insertSeals(sql, [{ seq: line.seq, id, xid: position.xid, hash: line.hash }]);
      position = { seq: line.seq, xid: position.xid, id: position.id, hash: line.hash };
    }
    await this.#writer.continueAfter(end);
    // Its writer may have died before the datasync: without one an adopted line would not count for sure.
    if (position.seq > last.seq) await this.#writer.datasync();
    return position;
  }
}

const sealOf = (line: SealedLine, row: { id: string; xid: string }) => ({
  seq: line.seq,
  id: row.id,
  xid: row.xid,
  hash: line.hash,
});

/** Resolves after the time, or at once when the signal aborts. */
export function waitMs(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
