import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Row } from '../row.ts';
import type { Span } from './flame-graph.ts';
import { keep } from './kept.ts';
import { isInMemory, machineOf } from './machine.ts';
import type { Options } from './options.ts';
import { ownerScope } from './owner-scope.ts';
import { performanceDocument } from './performance-document.ts';
import { keepProfile } from './profiles.ts';
import { type RowResult, runRow } from './run-row.ts';
import { resultText } from './text-table.ts';
import { turnsOf } from './turns.ts';

export type Outcome = { row: Row; result?: RowResult; skipped?: string; failure?: unknown };

/** What a run is done with. */
export type Run = { root: string; options: Options; signal: AbortSignal; say(text: string): void };

/** The row whose profile is the flame graph of the document. */
const FLAME_GRAPH_ROW = 'cstore-ct-4';
/** What is measured quickly is not to be trusted anyway. */
const QUICK_QUIET_MS_MAX = 0;

/** A folder for everything that a run leaves behind until its end. @throws where it is no disk */
export function scratchTop(): string {
  const top = process.env['ACERVO_BENCH_SCRATCH'] ?? tmpdir();
  mkdirSync(top, { recursive: true });
  if (isInMemory(top)) throw new Error(`${top} is memory, not a disk: set ACERVO_BENCH_SCRATCH`);
  return top;
}

/** Run rows one after the other, and keep what is to be kept. */
export async function runRows(rows: readonly Row[], run: Run): Promise<Outcome[]> {
  const top = scratchTop();
  const machine = machineOf(top);
  const { cores, cpu, memoryGib, kernel, disk } = machine;
  run.say(`${cores} x ${cpu}, ${memoryGib} GiB, Linux ${kernel}, ${disk}`);
  const outcomes: Outcome[] = [];
  for (const row of rows) {
    if (run.signal.aborted) break;
    const outcome = await runOne(row, top, run);
    outcomes.push(outcome);
    tell(outcome, run);
    const { isWrite, isProfile } = run.options;
    if (!isWrite || isProfile || outcome.result === undefined) continue;
    const measuredOn = new Date().toISOString().slice(0, 10);
    keep(run.root, { ...outcome.result, measuredOn, machine });
  }
  if (run.options.isWrite) writeFileSync(join(run.root, 'docs/performance.md'), performanceDocument(run.root));
  return outcomes;
}

async function runOne(row: Row, top: string, run: Run): Promise<Outcome> {
  const { options, signal, say } = run;
  const scope = ownerScope();
  const scratch = mkdtempSync(join(top, `acervo-bench-${row.id}-`));
  scope.after(() => rmSync(scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  const profiles = join(scratch, 'profiles');
  const bench = { scratch, isQuick: options.isQuick, after: scope.after, ...(options.isProfile && { profiles }) };
  const spans: Span[] = [];
  const outcome: Outcome = { row };
  try {
    const turns = turnsOf(process.env['ACERVO_BENCH_LOCK']);
    const result = await unlessAborted(
      signal,
      runRow(row, bench, { turns, spans, quietMsMax: patience(options), signal, say }),
    );
    if ('skipped' in result) outcome.skipped = result.skipped;
    else outcome.result = result;
    if (options.isProfile) showProfile(row, profiles, spans, run);
  } catch (thrown) {
    outcome.failure = thrown;
  }
  await scope.end().catch((thrown: unknown) => {
    outcome.failure ??= thrown;
  });
  return outcome;
}

const patience = ({ isQuick }: Options): number =>
  isQuick ? QUICK_QUIET_MS_MAX : 1000 * Number(process.env['ACERVO_BENCH_QUIET_S'] ?? '60');

/** Whoever interrupts does not wait for the round. */
function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  return Promise.race([work, aborted]);
}

function showProfile(row: Row, folder: string, spans: readonly Span[], { root, options, say }: Run): void {
  const profiled = keepProfile(root, row.id, folder, spans);
  if (profiled === undefined) return;
  say(`   ${profiled.text}`);
  if (!options.isWrite || row.id !== FLAME_GRAPH_ROW) return;
  mkdirSync(join(root, 'docs/performance'), { recursive: true });
  writeFileSync(join(root, 'docs/performance/cstore.svg'), profiled.svg);
}

function tell({ row, result, skipped, failure }: Outcome, { say }: Run): void {
  if (result !== undefined) say(resultText(result));
  if (skipped !== undefined) say(`== ${row.id}: skipped, ${skipped}`);
  if (failure !== undefined) say(`== ${row.id}: FAILED\n${failure instanceof Error ? failure.stack : failure}`);
}
