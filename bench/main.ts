import { join } from 'node:path';
import { type Options, optionsOf, USAGE } from './harness/options.ts';
import { treeOf } from './harness/proc.ts';
import { type Outcome, runRows } from './harness/run-rows.ts';
import { runSoak } from './harness/soak.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';

const ROOT = join(import.meta.dirname, '..');
const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

const ending = new AbortController();
/** Ctrl-C reaches us twice: from the terminal, and from npm. Who asks again later does not want to wait. */
const ONE_SIGNAL_MS = 1_000;
let firstSignalAt = Number.POSITIVE_INFINITY;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (performance.now() > firstSignalAt + ONE_SIGNAL_MS) process.exit(EXIT.interrupted);
    firstSignalAt = Math.min(firstSignalAt, performance.now());
    ending.abort(new Error(`ended by ${name}`));
  });
}
// Whatever is left of what was started, and nothing else: our own descendants.
process.on('exit', () => {
  for (const { pid } of treeOf([process.pid])) if (pid !== process.pid) killQuietly(pid);
});
// Whoever was interrupted may still wait for its turn.
process.exit(await main(process.argv.slice(2)));

async function main(words: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = optionsOf(words);
    const unknown = options.only.filter((id) => !ROWS.some((row) => row.id === id));
    if (unknown.length > 0) throw new TypeError(`no row ${unknown.join(', ')}: --list shows them`);
  } catch (thrown) {
    process.stderr.write(`${String(thrown)}\n\n${USAGE}`);
    return EXIT.usage;
  }
  if (options.isList) {
    for (const { id, title, isQuick } of ROWS) say(`${id.padEnd(24)} ${isQuick ? 'quick' : '     '} ${title}`);
    return EXIT.done;
  }
  const began = performance.now();
  const run = { root: ROOT, options, signal: ending.signal, say };
  try {
    if (options.soakMinutes !== undefined) return exitOf(await runSoak(options.soakMinutes, run), began);
    return exitOf(summarize(await runRows(rowsWanted(options), run), options), began);
  } catch (thrown) {
    say(String(thrown instanceof Error ? thrown.stack : thrown));
    return exitOf({ isGood: false, text: 'failed' }, began);
  }
}

function rowsWanted({ only, isQuick }: Options): Row[] {
  if (only.length > 0) return ROWS.filter(({ id }) => only.includes(id));
  return ROWS.filter((row) => row.isQuick || !isQuick);
}

type Verdict = { isGood: boolean; text: string };

function summarize(outcomes: readonly Outcome[], { isStrict }: Options): Verdict {
  const failed = outcomes.filter(({ failure }) => failure !== undefined).length;
  const skipped = outcomes.filter((outcome) => outcome.skipped !== undefined).length;
  const targets = outcomes.flatMap(({ result }) => result?.targets ?? []);
  const missed = targets.filter(({ verdict }) => verdict === 'missed').length;
  return {
    isGood: failed === 0 && outcomes.length > 0 && (missed === 0 || !isStrict),
    text: `rows=${outcomes.length} failed=${failed} skipped=${skipped} targets=${targets.length} missed=${missed}`,
  };
}

/** The last line says it all. */
function exitOf({ isGood, text }: Verdict, began: number): number {
  const isInterrupted = ending.signal.aborted;
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  say(`acervo bench: ${isGood && !isInterrupted ? 'PASS' : 'FAIL'} ${text} in ${minutes} min`);
  if (isInterrupted) return EXIT.interrupted;
  return isGood ? EXIT.done : EXIT.failed;
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
