import type { Digest } from '@acervo/model/lifecycle/evidence.ts';
import { followChanges } from '../../journal/follow.ts';
import type { Log } from '../../ports/log.ts';
import type { ModelStates, RunningModel } from '../../ports/model-states.ts';
import type { Sql } from '../../ports/sql.ts';
import { packagesBy, type StateRow, statesAfter } from './governance.repo.ts';
import { manifestOf, thresholdsOf } from './package-facts.ts';

const ROWS_A_TIME = 1000;
/** A stop counts everywhere within 60 s (G46): who could not read for that long runs nothing. */
const STALE_MS = 45_000;
const ALL = 100;

type Told = { version: string; thresholds: Digest; useStatus: 'clinico' | 'investigacion' | 'demostracion' };

/** Which models run where. What cannot be read, what has expired, and what was not read for long, runs nowhere. */
export class ModelStatesMemory implements ModelStates {
  readonly #sql: Sql;
  readonly #log: Log;
  readonly #now: () => Date;
  readonly #national = new Map<string, StateRow>();
  readonly #sites = new Map<string, Map<string, StateRow>>();
  readonly #packages = new Map<string, Told>();
  #revision = 0;
  #readMs = -Infinity;

  constructor(sql: Sql, log: Log, now: () => Date = () => new Date()) {
    this.#sql = sql;
    this.#log = log;
    this.#now = now;
  }

  get revision(): number {
    return this.#revision;
  }

  /** Read what changed since the last time. */
  async refresh(): Promise<void> {
    const beganMs = this.#now().getTime();
    const before = this.#revision;
    for (;;) {
      const rows = await statesAfter(this.#sql, this.#revision, ROWS_A_TIME);
      await this.#learn(rows);
      for (const row of rows) this.#take(row);
      if (rows.length < ROWS_A_TIME) break;
    }
    this.#readMs = beganMs;
    if (this.#revision > before) this.#log.info('model-states.read', { revision: this.#revision });
  }

  /** Follow changes until the signal aborts. */
  follow(wait: () => Promise<void>, signal: AbortSignal): Promise<void> {
    const followed = { refresh: () => this.refresh(), log: this.#log, unread: 'model-states.unread' };
    return followChanges(followed, wait, signal);
  }

  runningAt(institution: string): RunningModel[] {
    const now = this.#now();
    if (now.getTime() - this.#readMs > STALE_MS) return [];
    const at = now.toISOString();
    return [...(this.#sites.get(institution)?.values() ?? [])].flatMap((row) => this.#running(row, at));
  }

  #take(row: StateRow): void {
    this.#revision = Math.max(this.#revision, row.revision);
    if (row.site === '') this.#national.set(row.package, row);
    else {
      const held = this.#sites.get(row.site) ?? new Map<string, StateRow>();
      this.#sites.set(row.site, held.set(row.package, row));
    }
  }

  /** What a package says of itself never changes. */
  async #learn(rows: readonly StateRow[]): Promise<void> {
    const unknown = [...new Set(rows.map((row) => row.package))].filter((digest) => !this.#packages.has(digest));
    if (unknown.length === 0) return;
    for (const row of await packagesBy(this.#sql, unknown)) {
      const manifest = manifestOf(row);
      const thresholds = await thresholdsOf(manifest);
      const { useStatus } = manifest.regulatory;
      this.#packages.set(row.digest, { version: row.version, thresholds, useStatus });
    }
  }

  #running(row: StateRow, at: string): RunningModel[] {
    const { state, package: digest, model, percentage } = row;
    const national = this.#national.get(digest);
    const told = this.#packages.get(digest);
    const until = [row.expiresAt, national?.expiresAt].map((each) => each ?? '').sort()[0] ?? '';
    const isStage = state === 'silencioso' || state === 'limitado' || state === 'general';
    if (!isStage || told === undefined || national === undefined || !isStanding(national) || until <= at) return [];
    const { version, thresholds, useStatus } = told;
    const isProduct = useStatus === 'clinico' && state !== 'silencioso';
    const contentQualification = isProduct ? 'PRODUCT' : 'RESEARCH';
    const share = state === 'limitado' ? (percentage ?? 0) : ALL;
    const mark = MARKS[useStatus];
    return [
      {
        package: digest,
        model,
        version,
        stage: state,
        percentage: share,
        contentQualification,
        mark,
        thresholds,
        until,
      },
    ];
  }
}

const MARKS = { clinico: undefined, investigacion: 'investigación', demostracion: 'demostración' } as const;

const isStanding = ({ state }: StateRow): boolean =>
  state === 'aprobado_nacional' || state === 'en_revision' || state === 'demostracion';
