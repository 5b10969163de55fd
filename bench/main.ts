import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isInMemory, machineOf } from './harness/machine.ts';
import { type Options, optionsOf, USAGE } from './harness/options.ts';
import { ownerScope } from './harness/owner-scope.ts';
import { treeOf } from './harness/proc.ts';
import { type RowResult, runRow } from './harness/run-row.ts';
import { resultText } from './harness/text-table.ts';
import { turnsOf } from './harness/turns.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';

const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

type Outcome = { row: Row; result?: RowResult; skipped?: string; failure?: unknown };

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (ending.signal.aborted) process.exit(EXIT.interrupted);
    ending.abort(new Error(`ended by ${name}`));
  });
}
// Whatever is left of what was started, and nothing else: our own descendants.
process.on('exit', () => {
  for (const { pid } of treeOf([process.pid])) if (pid !== process.pid) killQuietly(pid);
});
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = optionsOf(words);
  } catch (thrown) {
    process.stderr.write(`${String(thrown)}\n\n${USAGE}`);
    return EXIT.usage;
  }
  const unknown = options.only.filter((id) => !ROWS.some((row) => row.id === id));
  if (unknown.length > 0) {
    process.stderr.write(`no row ${unknown.join(', ')}\n`);
    return EXIT.usage;
  }
  if (options.isList) {
    for (const { id, title, isQuick } of ROWS) say(`${id.padEnd(24)} ${isQuick ? 'quick' : '     '} ${title}`);
    return EXIT.done;
  }
  return runAll(rowsWanted(options), options);
}

function rowsWanted({ only, isQuick }: Options): Row[] {
  if (only.length > 0) return ROWS.filter(({ id }) => only.includes(id));
  return ROWS.filter((row) => row.isQuick || !isQuick);
}

async function runAll(rows: readonly Row[], options: Options): Promise<number> {
  const began = performance.now();
  const top = process.env['ACERVO_BENCH_SCRATCH'] ?? tmpdir();
  mkdirSync(top, { recursive: true });
  if (isInMemory(top)) throw new Error(`${top} is memory, not a disk: set ACERVO_BENCH_SCRATCH`);
  const machine = machineOf(top);
  say(`${machine.cores} x ${machine.cpu}, ${machine.memoryGib} GiB, Linux ${machine.kernel}, ${machine.disk}`);
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    if (ending.signal.aborted) break;
    const outcome = await runOne(row, top, options);
    outcomes.push(outcome);
    if (outcome.result !== undefined) say(resultText(outcome.result));
    if (outcome.skipped !== undefined) say(`== ${row.id}: skipped, ${outcome.skipped}`);
    if (outcome.failure !== undefined) say(`== ${row.id}: FAILED\n${describe(outcome.failure)}`);
  }
  return summarize(outcomes, options, began);
}

async function runOne(row: Row, top: string, options: Options): Promise<Outcome> {
  const scope = ownerScope();
  const scratch = mkdtempSync(join(top, `acervo-bench-${row.id}-`));
  scope.after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const bench = { scratch, isQuick: options.isQuick, after: scope.after };
  const outcome: Outcome = { row };
  try {
    const interrupted = new Promise<never>((_, reject) => {
      ending.signal.addEventListener('abort', () => reject(ending.signal.reason as Error), { once: true });
    });
    const turns = turnsOf(process.env['ACERVO_BENCH_LOCK']);
    const run = runRow(row, bench, { turns, signal: ending.signal, say });
    const result = await Promise.race([run, interrupted]);
    if ('skipped' in result) outcome.skipped = result.skipped;
    else outcome.result = result;
  } catch (thrown) {
    outcome.failure = thrown;
  }
  await scope.end().catch((thrown: unknown) => {
    outcome.failure ??= thrown;
  });
  return outcome;
}

/** The last line says it all. */
function summarize(outcomes: readonly Outcome[], { isStrict }: Options, began: number): number {
  const count = (is: (outcome: Outcome) => boolean): number => outcomes.filter(is).length;
  const failed = count(({ failure }) => failure !== undefined);
  const skipped = count((outcome) => outcome.skipped !== undefined);
  const targets = outcomes.flatMap(({ result }) => result?.targets ?? []);
  const missed = targets.filter(({ verdict }) => verdict === 'missed').length;
  const isBad = failed > 0 || outcomes.length === 0 || ending.signal.aborted || (isStrict && missed > 0);
  const minutes = ((performance.now() - began) / 60_000).toFixed(1);
  say(
    `acervo bench: ${isBad ? 'FAIL' : 'PASS'} rows=${outcomes.length} failed=${failed} skipped=${skipped} ` +
      `targets=${targets.length} missed=${missed} in ${minutes} min`,
  );
  return ending.signal.aborted ? EXIT.interrupted : isBad ? EXIT.failed : EXIT.done;
}

const describe = (thrown: unknown): string =>
  thrown instanceof Error ? (thrown.stack ?? thrown.message) : `${thrown}`;

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
