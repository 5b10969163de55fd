import { auditRecordOf } from '@acervo/interop/audit/describe.ts';
import type { AuditSource } from '@acervo/interop/audit/event.ts';
import { auditMessageXml } from '@acervo/interop/audit/message.ts';
import { type SyslogHeader, syslogFrame } from '@acervo/interop/audit/syslog.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { withRetired } from '../../journal/retired.ts';
import type { AuditReceiver, AuditWatch } from '../../ports/audit-receiver.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Sql } from '../../ports/sql.ts';
import { lagBehind, leaseCursor, leaveCursor, moveCursor, type SealedRow, sealedAfter } from './audit-export.repo.ts';
import { sealedOf } from './sealed.ts';

export type ExportMetrics = {
  /** Messages of a connection that the receiver has ended. */
  auditMessagesSent(count: number): void;
  auditExportFailed(reason: string): void;
  /** The last number known to be taken; age of the first one that is not. */
  setAuditExport(seq: number, lagSeconds: number): void;
};

export type ExporterOptions = {
  db: Sql;
  /** Where the events of retired months are read: a new receiver gets them, too. */
  journalBlobs: BlobStore;
  receiver: AuditReceiver;
  source: AuditSource;
  header: Omit<SyslogHeader, 'at'>;
  metrics: ExportMetrics;
  /** What was sent counts when the receiver has lived on for so long. */
  settleMs?: number;
};

/** Messages of one connection. */
const BATCH = 500;
/** What was sent and has not settled; sending waits beyond. */
const UNSETTLED_MAX = 100 * BATCH;
const LEASE_MS = 60_000;
const RENEW_MS = 15_000;
const SETTLE_MS = 5000;

/** `idle`: nothing to send now; `standby`: another process sends; `sent`: there may be more at once. */
export type Step = 'sent' | 'idle' | 'standby';

/**
 * Sends the sealed journal to a receiver that acknowledges nothing, each event at least once (decision record 0033).
 * What a connection carried counts when the receiver has ended it in order, and a second connection to it, opened
 * before, is still open some seconds later. Until then the cursor stays, and after any break sending goes on from it.
 */
export class Exporter {
  readonly #options: ExporterOptions;
  readonly #settleMs: number;
  readonly #lessee = newId();
  /** By performance.now(); 0: no lease. */
  #leasedAt = 0;
  /** Where the cursor stands in the database. */
  #settled = 0;
  /** The last number that was sent over a connection that ended in order. */
  #sent = 0;
  #unsettled: { seq: number; at: number }[] = [];
  #watch: AuditWatch | undefined;
  #isProven = false;

  constructor(options: ExporterOptions) {
    this.#options = options;
    this.#settleMs = options.settleMs ?? SETTLE_MS;
  }

  /** Whether the receiver has taken something for good since the last break, or there was nothing to take. */
  get isProven(): boolean {
    return this.#isProven;
  }

  /**
   * Send what there is, up to a batch.
   * @throws {Failure} audit/undelivered, tls/..., database/unavailable: what was not settled is sent again
   */
  async step(signal: AbortSignal): Promise<Step> {
    const { db, journalBlobs, metrics } = this.#options;
    try {
      if (!(await this.#lease())) return 'standby';
      await this.#settle();
      const room = UNSETTLED_MAX - (this.#sent - this.#settled);
      const rows = room > 0 ? await withRetired(journalBlobs, await sealedAfter(db, this.#sent, BATCH)) : [];
      if (rows.length > 0) await this.#send(rows, signal);
      else if (this.#unsettled.length === 0) this.#rest();
      metrics.setAuditExport(this.#settled, await lagBehind(db, this.#settled));
      return rows.length === BATCH ? 'sent' : 'idle';
    } catch (thrown) {
      this.#forget();
      throw thrown;
    }
  }

  /** Let another process go on. */
  async close(): Promise<void> {
    const hadLease = this.#leasedAt > 0;
    this.#forget();
    if (hadLease) await leaveCursor(this.#options.db, this.#options.receiver.name, this.#lessee);
  }

  async #lease(): Promise<boolean> {
    const now = performance.now();
    if (this.#leasedAt > 0 && now - this.#leasedAt < RENEW_MS) return true;
    const isNew = this.#leasedAt === 0;
    const cursor = await leaseCursor(this.#options.db, this.#options.receiver.name, this.#lessee, LEASE_MS);
    if (cursor === undefined) {
      this.#forget();
      return false;
    }
    this.#leasedAt = now;
    if (isNew) {
      this.#settled = cursor;
      this.#sent = cursor;
    }
    return true;
  }

  async #send(rows: readonly SealedRow[], signal: AbortSignal): Promise<void> {
    const { receiver, metrics } = this.#options;
    // Opened before anything is sent: it ends with whoever takes what follows.
    this.#watch ??= await receiver.watch(signal);
    await receiver.deliver(
      rows.map((row) => this.#frame(row)),
      signal,
    );
    metrics.auditMessagesSent(rows.length);
    this.#sent = rows.at(-1)?.seq ?? this.#sent;
    this.#unsettled.push({ seq: this.#sent, at: performance.now() });
  }

  #frame(row: SealedRow): Uint8Array {
    const { source, header } = this.#options;
    const sealed = sealedOf(row);
    return syslogFrame({ ...header, at: sealed.event.at }, auditMessageXml(auditRecordOf(sealed, source)));
  }

  /** Move the cursor over what has settled. @throws {Failure} audit/undelivered when the receiver has gone meanwhile */
  async #settle(): Promise<void> {
    if (this.#watch?.isOpen() === false) {
      throw new Failure('audit/undelivered', 'the receiver ended a connection that was to stay open');
    }
    const until = performance.now() - this.#settleMs;
    const settled = this.#unsettled.findLast(({ at }) => at <= until);
    if (settled === undefined) return;
    const { db, receiver } = this.#options;
    if (!(await moveCursor(db, receiver.name, this.#lessee, settled.seq))) {
      throw new Failure('audit/undelivered', 'another process has taken over');
    }
    this.#isProven = true;
    this.#settled = settled.seq;
    this.#unsettled = this.#unsettled.filter(({ seq }) => seq > settled.seq);
  }

  /** Nothing to send and nothing that could be lost: no connection is kept. */
  #rest(): void {
    this.#unwatch();
    this.#isProven = true;
  }

  #unwatch(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Nothing is known of what has not settled: the cursor says where to go on. */
  #forget(): void {
    this.#unwatch();
    this.#unsettled = [];
    this.#leasedAt = 0;
    this.#isProven = false;
  }
}
