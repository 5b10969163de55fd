import type { Measured, Target } from '../row.ts';
import { percentileOf, type Summary, summaryOf } from './statistics.ts';

/** The rounds of one side, in the order in which they were run. */
export type SideRounds = { name: string; rounds: readonly Measured[] };

export type Figures = Record<string, Summary>;

/** One target and what became of it. */
export type Judged = Target & { value: number | undefined; verdict: 'stretch' | 'met' | 'missed' };

/** Of one round: rate, CPU per operation, percentiles, and the figures that are the row's own. */
export function figuresOf({ operations, seconds, cpuSeconds, latenciesMs, figures }: Measured): Record<string, number> {
  return {
    rate: operations / seconds,
    cpuMs: (cpuSeconds * 1000) / operations,
    ...(latenciesMs !== undefined &&
      latenciesMs.length > 0 && { p50Ms: percentileOf(latenciesMs, 50), p99Ms: percentileOf(latenciesMs, 99) }),
    ...figures,
  };
}

/** Each figure of a side over its rounds. */
export function summariesOf({ rounds }: SideRounds): Figures {
  return summarized(rounds.map(figuresOf));
}

/** Each figure of ours divided by the peer's, over the pairs of rounds, as `figure/peer`. */
export function ratiosOf(ours: SideRounds, peer: SideRounds): Figures {
  const pairs = ours.rounds.map((round, index): Record<string, number> => {
    const theirs = peer.rounds[index];
    if (theirs === undefined) throw new RangeError(`${peer.name} ran fewer rounds`);
    const [a, b] = [figuresOf(round), figuresOf(theirs)];
    const both = Object.keys(a).filter((name) => b[name] !== undefined && b[name] !== 0);
    return Object.fromEntries(both.map((name) => [`${name}/${peer.name}`, (a[name] ?? 0) / (b[name] ?? 1)]));
  });
  return summarized(pairs);
}

/** A target is held against the median, of a peak against the most. What was not measured is missed. */
export function judged(target: Target, figures: Figures): Judged {
  const value = figures[target.figure]?.[/Peak/.test(target.figure) ? 'max' : 'median'];
  const reaches = (limit: number | undefined): boolean =>
    limit !== undefined && value !== undefined && (target.better === 'higher' ? value >= limit : value <= limit);
  const verdict = reaches(target.stretch) ? 'stretch' : reaches(target.committed) ? 'met' : 'missed';
  return { ...target, value, verdict };
}

/** Figures that not every round has are left out: a median of some says nothing. */
function summarized(rounds: readonly Record<string, number>[]): Figures {
  const names = Object.keys(rounds[0] ?? {}).filter((name) => rounds.every((round) => Number.isFinite(round[name])));
  return Object.fromEntries(names.map((name) => [name, summaryOf(rounds.map((round) => round[name] ?? 0))]));
}
