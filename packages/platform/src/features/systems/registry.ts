import { followChanges } from '../../journal/follow.ts';
import type { Log } from '../../ports/log.ts';
import type { Sql } from '../../ports/sql.ts';
import { type System, type Systems, systemsOver } from '../../ports/systems.ts';
import { STORED_SYSTEM } from './description.ts';
import { type SystemRow, systemsAfter } from './systems.repo.ts';

const ROWS_A_TIME = 1000;

/**
 * The systems as they are now, in memory: those of the registry, and those of ACERVO_ACCESS_FILE that the registry
 * does not describe. While the database cannot be asked, what was last known applies.
 */
export class Registry {
  readonly systems: Systems;
  readonly #sql: Sql;
  readonly #log: Log;
  readonly #fixed: ReadonlyMap<string, System>;
  readonly #described = new Map<string, System>();
  #known: Map<string, System>;
  #revision = 0;

  constructor(sql: Sql, fixed: readonly System[], log: Log) {
    this.#sql = sql;
    this.#log = log;
    this.#fixed = new Map(fixed.map((system) => [system.aeTitle, system]));
    this.#known = new Map(this.#fixed);
    this.systems = systemsOver({
      get: (aeTitle) => this.#known.get(aeTitle),
      values: () => this.#known.values(),
    });
  }

  /** Whether a system is described here, and not by ACERVO_ACCESS_FILE alone. */
  isDescribed(aeTitle: string): boolean {
    return this.#described.has(aeTitle);
  }

  /** Read what changed since the last time. */
  async refresh(): Promise<void> {
    const before = this.#revision;
    for (;;) {
      const rows = await systemsAfter(this.#sql, this.#revision, ROWS_A_TIME);
      for (const row of rows) this.#take(row);
      if (rows.length < ROWS_A_TIME) break;
    }
    if (this.#revision > before) {
      this.#known = new Map([...this.#fixed, ...this.#described]);
      this.#log.info('systems.read', { known: this.#known.size, revision: this.#revision });
    }
  }

  /** Follow changes until the signal aborts. */
  follow(wait: () => Promise<void>, signal: AbortSignal): Promise<void> {
    return followChanges({ refresh: () => this.refresh(), log: this.#log, unread: 'systems.unread' }, wait, signal);
  }

  #take({ aeTitle, revision, record }: SystemRow): void {
    this.#revision = Math.max(this.#revision, revision);
    const read = record === null ? undefined : STORED_SYSTEM.safeParse(record);
    if (read?.success === true) this.#described.set(aeTitle, read.data);
    else this.#described.delete(aeTitle);
    // One that cannot be read is unknown rather than half known, and nobody else suffers for it.
    if (read?.success === false) this.#log.error('systems.unreadable', { aeTitle, revision });
  }
}
