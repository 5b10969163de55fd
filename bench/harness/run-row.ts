import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Measured, Row, Side, Sides } from '../row.ts';
import { type Figures, type Judged, judged, ratiosOf, type SideRounds, summariesOf } from './figures.ts';
import type { Span } from './flame-graph.ts';
import { foreignMeter, isQuiet, waitForQuiet } from './quiet-gate.ts';
import type { Turns } from './turns.ts';

export type RowResult = {
  id: string;
  title: string;
  sides: { name: string; detail: string; figures: Figures }[];
  ratios: Figures;
  targets: Judged[];
  rounds: number;
  /** Of those rounds, how many had other work beside them. */
  noisyRounds: number;
  checks: string;
  guarantees: readonly string[];
};

export type RunOptions = {
  /** Gets from and to of each of our rounds, for a profile. */
  spans: Span[];
  turns: Turns;
  /** How long the quiet gate waits before each round. */
  quietMsMax: number;
  signal: AbortSignal;
  say(text: string): void;
};

const QUICK_ROUNDS = 1;
/** A profile wants work, not quiet. */
const PROFILED_ROUNDS = 2;
/** What a side has put off until after the answer is charged to it; ours seals its journal every second. */
const SETTLE_MS = 300;

type Pair = { rounds: Measured[]; isNoisy: boolean };

/** Run a row to its end. @returns why it cannot be measured, where it cannot */
export async function runRow(row: Row, bench: Bench, options: RunOptions): Promise<RowResult | { skipped: string }> {
  const sides = await row.open(bench);
  if ('skipped' in sides) return sides;
  try {
    const pairs = await runPairs(row, sides, bench, options);
    const guarantees = (await sides.guarantees?.()) ?? [];
    return resultOf(row, sides, pairs, guarantees);
  } finally {
    await sides.close();
  }
}

/** So many quiet pairs as the row wants; a noisy one is run again, but not for ever. The first warms up. */
async function runPairs(row: Row, sides: Sides, bench: Bench, options: RunOptions): Promise<Pair[]> {
  const isMeasured = !bench.isQuick && bench.profiles === undefined;
  const wanted = bench.isQuick ? QUICK_ROUNDS : isMeasured ? row.rounds : PROFILED_ROUNDS;
  const isLong = row.isLong === true;
  const most = isMeasured && !isLong ? 2 * wanted : wanted;
  const pairs: Pair[] = [];
  if (!bench.isQuick && !isLong) await runPair(sides, options);
  while (pairs.filter(({ isNoisy }) => !isNoisy).length < wanted && pairs.length < most) {
    pairs.push(await runPair(sides, options));
    options.say(`${row.id} round ${pairs.length}: ${pairText(sides, pairs.at(-1))}`);
  }
  const quiet = pairs.filter(({ isNoisy }) => !isNoisy);
  return quiet.length >= Math.min(wanted, most) ? quiet : pairs;
}

async function runPair(sides: Sides, { turns, signal, quietMsMax, spans }: RunOptions): Promise<Pair> {
  const rounds: Measured[] = [];
  let isNoisy = false;
  await turns.take(async () => {
    for (const side of [sides.ours, ...sides.peers]) {
      signal.throwIfAborted();
      const isCalm = await waitForQuiet(quietMsMax);
      const foreign = foreignMeter();
      const from = monotonicMicros();
      rounds.push(checked(side, await side.round()));
      if (side === sides.ours) spans.push([from, monotonicMicros()]);
      if (!isCalm || !isQuiet(foreign())) isNoisy = true;
      await pause(SETTLE_MS);
    }
  });
  return { rounds, isNoisy };
}

const monotonicMicros = (): number => Number(process.hrtime.bigint() / 1000n);

function checked({ name }: Side, measured: Measured): Measured {
  const { operations, seconds, cpuSeconds } = measured;
  if (operations > 0 && seconds > 0 && cpuSeconds >= 0) return measured;
  throw new Error(`${name}: ${operations} operations in ${seconds} s and ${cpuSeconds} s of CPU are no measurement`);
}

function resultOf(row: Row, sides: Sides, pairs: readonly Pair[], guarantees: readonly string[]): RowResult {
  const all = [sides.ours, ...sides.peers];
  const roundsOf = (index: number): SideRounds => ({
    name: all[index]?.name ?? '',
    rounds: pairs.flatMap(({ rounds }) => rounds[index] ?? []),
  });
  const ours = roundsOf(0);
  const own = summariesOf(ours);
  const ratios = Object.assign({}, ...sides.peers.map((_, index) => ratiosOf(ours, roundsOf(index + 1)))) as Figures;
  return {
    id: row.id,
    title: row.title,
    sides: all.map(({ name, detail = name }, index) => ({ name, detail, figures: summariesOf(roundsOf(index)) })),
    ratios,
    targets: row.targets.map((target) => judged(target, { ...own, ...ratios })),
    rounds: pairs.length,
    noisyRounds: pairs.filter(({ isNoisy }) => isNoisy).length,
    checks: sides.checks,
    guarantees,
  };
}

function pairText(sides: Sides, pair: Pair | undefined): string {
  const texts = [sides.ours, ...sides.peers].map(({ name }, index) => {
    const measured = pair?.rounds[index];
    return measured === undefined ? '' : `${name} ${(measured.operations / measured.seconds).toFixed(0)}/s`;
  });
  return texts.join(', ') + (pair?.isNoisy === true ? ' (noisy)' : '');
}
