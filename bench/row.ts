import type { Owner } from '../test/harness/owner.ts';

/** What one side of a row did in one round, checked: operations that failed its check are not counted, they throw. */
export type Measured = {
  /** Instances stored, requests answered ... */
  operations: number;
  seconds: number;
  /** CPU of the servers of this side, their database's included, in seconds. */
  cpuSeconds: number;
  /** One for each operation, in milliseconds, where the row has percentiles. */
  latenciesMs?: readonly number[];
  /** What only this row knows, by name with the unit last: rssPeakBytes, bytesPerInstance ... */
  figures?: Readonly<Record<string, number>>;
};

/** A server under measurement and the load on it. */
export type Side = {
  /** Stable: targets and the kept JSON name it. */
  name: string;
  /** What it is today, for the table: product, version, settings that matter. */
  detail?: string;
  round(): Promise<Measured>;
};

/**
 * One promise of a row. `figure` is a name in `Measured.figures`, or one that the harness works out:
 * `rate` (operations per second), `cpuMs` (server CPU per operation), `p50Ms`, `p99Ms`; and, against the peer called
 * P, over the pairs of rounds: `rate/P`, `cpuMs/P`, `p50Ms/P`.
 */
export type Target = { figure: string; better: 'higher' | 'lower'; committed: number; stretch?: number };

/** Both sides of a row, standing. Rounds alternate: ours, peer, ours, peer. */
export type Sides = {
  ours: Side;
  peers: readonly Side[];
  /** What the rounds check, in words: counts, digests. */
  checks: string;
  /**
   * Asked once, after the last round: proves that what makes us slower was on all the time, and says so in words
   * (`Acervo.guarantees`). @throws where it was not
   */
  guarantees?(): Promise<readonly string[]>;
  close(): Promise<void>;
};

export type Row = {
  /** Kebab-case, stable: the key in the kept JSON. */
  id: string;
  title: string;
  /** Is it part of `--quick`? Then it opens and runs within 15 seconds there. */
  isQuick: boolean;
  /** Rounds of each side; one more is run first and thrown away. */
  rounds: number;
  /** A round is minutes long and has its own beginning: none is run first, nor again for other work beside it. */
  isLong?: boolean;
  targets: readonly Target[];
  /** Starts what it needs. @returns why it cannot be measured here, in a word, where it cannot */
  open(bench: Bench): Promise<Sides | { skipped: string }>;
};

/** What a row gets; what it starts for this owner ends after the row however that ends, the last first. */
export type Bench = Owner & {
  /** A fresh folder of this row on a real disk, removed after it. */
  scratch: string;
  isQuick: boolean;
  /** With `--profile`: where the server leaves its CPU profiles. */
  profiles?: string;
};
