import { followChanges } from '../../journal/follow.ts';
import type { Log } from '../../ports/log.ts';
import type { Agreement, Given, Glass, Marks, Referral, Sharing } from '../../ports/sharing.ts';
import type { Sql } from '../../ports/sql.ts';
import { AGREEMENT, GLASS, REFERRAL } from './description.ts';
import { labelsInUse, marksRevision, type SharingRow, sharingAfter } from './sharing.repo.ts';

const ROWS_A_TIME = 1000;

type Held =
  | { kind: 'agreement'; record: Agreement }
  | { kind: 'referral'; record: Referral }
  | { kind: 'glass'; record: Glass };

/**
 * What is shared and what is marked as sensitive, in memory. While the database cannot be asked, what was last known
 * applies, and ends when it said that it would.
 */
export class SharingMemory {
  readonly sharing: Sharing;
  readonly marks: Marks;
  readonly #sql: Sql;
  readonly #log: Log;
  /** By receiver, then by id: what is over is let go. */
  readonly #byReceiver = new Map<string, Map<string, Held>>();
  #revision = 0;
  #directory = -1;
  #marksRevision = 0;
  #labels: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(sql: Sql, log: Log) {
    this.#sql = sql;
    this.#log = log;
    const revision = (): number => this.#revision;
    const marked = (): number => this.#marksRevision;
    this.sharing = {
      get revision() {
        return revision();
      },
      givenTo: (institution, person) => this.#givenTo(institution, person),
    };
    this.marks = {
      get revision() {
        return marked();
      },
      institutions: () => [...this.#labels.keys()],
      labelsOf: (institution) => this.#labels.get(institution) ?? [],
    };
  }

  /** Read what changed since the last time. */
  async refresh(): Promise<void> {
    const before = this.#revision;
    for (;;) {
      const rows = await sharingAfter(this.#sql, this.#revision, ROWS_A_TIME);
      for (const row of rows) this.#take(row);
      if (rows.length < ROWS_A_TIME) break;
    }
    if (this.#revision > before) this.#log.info('sharing.read', { revision: this.#revision });
    const directory = await marksRevision(this.#sql);
    if (directory === this.#directory) return;
    const labels = await labelsInUse(this.#sql);
    this.#labels = new Map(labels.map((row) => [row.institution, row.labels]));
    this.#directory = directory;
    this.#marksRevision += 1;
  }

  /** Follow changes until the signal aborts. */
  follow(wait: () => Promise<void>, signal: AbortSignal): Promise<void> {
    return followChanges({ refresh: () => this.refresh(), log: this.#log, unread: 'sharing.unread' }, wait, signal);
  }

  #take(row: SharingRow): void {
    this.#revision = Math.max(this.#revision, row.revision);
    const held = this.#byReceiver.get(row.receiver) ?? new Map<string, Held>();
    held.delete(row.id);
    const isOver = row.until !== null && row.until <= new Date().toISOString();
    const read = isOver ? undefined : heldOf(row);
    if (read !== undefined) held.set(row.id, read);
    // What cannot be read shares nothing, and nobody else suffers for it.
    else if (!isOver) this.#log.error('sharing.unreadable', { id: row.id, revision: row.revision });
    this.#byReceiver.set(row.receiver, held);
  }

  #givenTo(institution: string, person: string | undefined): Given {
    const agreements: Agreement[] = [];
    const referrals: Referral[] = [];
    const glasses: Glass[] = [];
    for (const { kind, record } of this.#byReceiver.get(institution)?.values() ?? []) {
      if (kind === 'agreement') agreements.push(record);
      else if (kind === 'referral') referrals.push(record);
      else if (record.person === person) glasses.push(record);
    }
    return { agreements, referrals, glasses };
  }
}

function heldOf({ kind, record }: SharingRow): Held | undefined {
  switch (kind) {
    case 'agreement': {
      const read = AGREEMENT.safeParse(record);
      return read.success ? { kind, record: read.data } : undefined;
    }
    case 'referral': {
      const read = REFERRAL.safeParse(record);
      return read.success ? { kind, record: read.data } : undefined;
    }
    case 'glass': {
      const read = GLASS.safeParse(record);
      return read.success ? { kind, record: read.data } : undefined;
    }
  }
}
