import type { LiveAssociation, RateStep, Refusal } from '@acervo/interop/console/answers.ts';

/** Steps that are remembered, the running one included: fifteen minutes. */
export const STEP_SECONDS = 10;
export const STEPS_MAX = 90;
/** Institutions that are counted one by one in a step; further ones are seen only by who sees all. */
const INSTITUTIONS_MAX = 256;
/** Refusals that are remembered. */
export const REFUSALS_MAX = 200;
/** A rate is told anew after so long at least. */
const RATE_MS_MIN = 2_000;
/** Equal refusals within this time are one with a count. */
const FOLD_MS = 60_000;

export type Taken = 'taken' | 'refused';

type Count = { taken: number; refused: number; bytes: number };
type Step = { startMs: number; byInstitution: Map<string, Count> };

/** What is known of an association when it opens; its bytes are asked for. */
export type Opened = { aeTitle: string; peerAddress: string; institution: string; bytes(): number };
type Live = Opened & {
  id: number;
  sinceMs: number;
  done: number;
  failed: number;
  /** Where the rate is reckoned from. */
  mark: { atMs: number; bytes: number; rate: number };
};

type Sees = readonly string[] | undefined;

/**
 * What this process sees happening, in memory: open associations, what came in during the last minutes, what was
 * refused. Other processes of the same archive have their own.
 */
export class Activity {
  readonly #now: () => number;
  readonly #sinceMs: number;
  readonly #live = new Set<Live>();
  readonly #steps: Step[] = [];
  readonly #refusals: Refusal[] = [];
  #lastId = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
    this.#sinceMs = now();
  }

  get since(): string {
    return new Date(this.#sinceMs).toISOString();
  }

  /** An association is accepted. @returns what it does next is told to these */
  opened(of: Opened): { answered(isFailure: boolean): void; ended(): void } {
    const now = this.#now();
    this.#lastId += 1;
    const live: Live = {
      ...of,
      id: this.#lastId,
      sinceMs: now,
      done: 0,
      failed: 0,
      mark: { atMs: now, bytes: 0, rate: 0 },
    };
    this.#live.add(live);
    return {
      answered: (isFailure) => {
        if (isFailure) live.failed += 1;
        else live.done += 1;
      },
      ended: () => this.#live.delete(live),
    };
  }

  /** An object was taken, or refused, by any door. */
  counted(institution: string, outcome: Taken, bytes: number): void {
    const { byInstitution } = this.#step();
    const isFull = byInstitution.size >= INSTITUTIONS_MAX && !byInstitution.has(institution);
    const key = isFull ? '' : institution;
    const count = byInstitution.get(key) ?? { taken: 0, refused: 0, bytes: 0 };
    count[outcome] += 1;
    count.bytes += bytes;
    byInstitution.set(key, count);
  }

  refused(of: Omit<Refusal, 'at' | 'count'>): void {
    const now = this.#now();
    const at = new Date(now).toISOString();
    const known = this.#refusals.findIndex((each) => isSame(each, of) && now - Date.parse(each.at) < FOLD_MS);
    const count = known < 0 ? 1 : (this.#refusals[known]?.count ?? 0) + 1;
    if (known >= 0) this.#refusals.splice(known, 1);
    this.#refusals.unshift({ ...of, at, count });
    this.#refusals.length = Math.min(this.#refusals.length, REFUSALS_MAX);
  }

  /** The longest open first. */
  associations(sees: Sees): LiveAssociation[] {
    const now = this.#now();
    return [...this.#live]
      .filter(({ institution }) => isSeen(institution, sees))
      .map((live) => ({
        id: live.id,
        aeTitle: live.aeTitle,
        peerAddress: live.peerAddress,
        institution: live.institution,
        since: new Date(live.sinceMs).toISOString(),
        done: live.done,
        failed: live.failed,
        bytes: live.bytes(),
        bytesPerSecond: rateOf(live, now),
      }));
  }

  /** Every step of the time that is remembered, also those in which nothing came. */
  steps(sees: Sees): RateStep[] {
    const running = this.#startOf(this.#now());
    const byStart = new Map(this.#steps.map((step) => [step.startMs, step]));
    return Array.from({ length: STEPS_MAX }, (_, index) => {
      const startMs = running - (STEPS_MAX - 1 - index) * STEP_SECONDS * 1000;
      const total: Count = { taken: 0, refused: 0, bytes: 0 };
      for (const [institution, count] of byStart.get(startMs)?.byInstitution ?? []) {
        if (!isSeen(institution, sees)) continue;
        total.taken += count.taken;
        total.refused += count.refused;
        total.bytes += count.bytes;
      }
      return { at: new Date(startMs).toISOString(), ...total };
    });
  }

  refusals(sees: Sees): Refusal[] {
    return this.#refusals.filter(({ institution }) => isSeen(institution, sees));
  }

  #startOf(ms: number): number {
    return Math.floor(ms / (STEP_SECONDS * 1000)) * STEP_SECONDS * 1000;
  }

  #step(): Step {
    const startMs = this.#startOf(this.#now());
    const last = this.#steps.at(-1);
    if (last?.startMs === startMs) return last;
    const step: Step = { startMs, byInstitution: new Map() };
    this.#steps.push(step);
    if (this.#steps.length > STEPS_MAX) this.#steps.shift();
    return step;
  }
}

/** Who sees some institutions does not see what belongs to none. */
const isSeen = (institution: string, sees: Sees): boolean => sees === undefined || sees.includes(institution);

const isSame = (a: Omit<Refusal, 'at' | 'count'>, b: Omit<Refusal, 'at' | 'count'>): boolean =>
  a.door === b.door && a.who === b.who && a.institution === b.institution && a.reason === b.reason;

function rateOf({ mark, bytes }: Live, now: number): number {
  const passedMs = now - mark.atMs;
  if (passedMs < RATE_MS_MIN) return mark.rate;
  const total = bytes();
  mark.rate = Math.round(((total - mark.bytes) * 1000) / passedMs);
  mark.atMs = now;
  mark.bytes = total;
  return mark.rate;
}
