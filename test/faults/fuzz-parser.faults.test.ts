import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { scaled } from '@acervo/testkit/scale.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { corpusFiles } from '../harness/corpus.ts';
import type { FuzzReport, FuzzTask } from './fuzz-parser.worker.ts';
import { PARSER_SEEDS } from './seeds/fuzzed.ts';

/** The count; ACERVO_TEST_SCALE may make it more or less, never less than the floor. */
const MUTATIONS = Math.max(5000, scaled(50_000));
const WORKERS = 2;
const FILE_BYTES_MAX = 150_000;
/** Fifty inputs take a fraction of a second; this long without a word is a hang. */
const SILENCE_MS_MAX = 60_000;
const RSS_MIB_MAX = 1500;

test(`${MUTATIONS} mutated files through the parser: they are read or fail as foreseen`, async (t) => {
  if (!needsShared(t)) return;
  const files = [...corpusFiles()]
    .filter(({ bytes }) => bytes.length <= FILE_BYTES_MAX)
    .map(({ path, bytes }) => ({ path, bytes: new Uint8Array(bytes) }));
  const share = Math.ceil(MUTATIONS / WORKERS);
  const tasks = Array.from(
    { length: WORKERS },
    (_unused, index): FuzzTask => ({
      files,
      seed: 'corpus 1',
      from: index * share,
      to: (index + 1) * share,
      seeds: index === 0 ? PARSER_SEEDS : [],
    }),
  );
  const reports = await Promise.all(tasks.map(fuzz));
  const outcomes: Record<string, number> = {};
  for (const report of reports) {
    for (const [outcome, count] of Object.entries(report.outcomes))
      outcomes[outcome] = (outcomes[outcome] ?? 0) + count;
  }
  const slowest = reports.reduce((a, b) => (a.slowestMs > b.slowestMs ? a : b));
  const rssMib = Math.round(process.resourceUsage().maxRSS / 1024);
  t.diagnostic(
    `${JSON.stringify(outcomes)}; slowest ${slowest.slowestMs.toFixed(0)} ms (${slowest.slowest}); RSS ${rssMib} MiB`,
  );
  assert.deepEqual(reports.flatMap(({ crashes }) => crashes).slice(0, 5), []);
  assert.ok((outcomes['read'] ?? 0) > MUTATIONS / 10, 'hardly anything was read: this proves little');
  assert.ok(rssMib < RSS_MIB_MAX, `${rssMib} MiB`);
});

type Done = Extract<FuzzReport, { kind: 'done' }>;

function fuzz(task: FuzzTask): Promise<Done> {
  const worker = new Worker(join(import.meta.dirname, 'fuzz-parser.worker.ts'), { workerData: task });
  return new Promise((resolve, reject) => {
    let last = 'the start';
    const hung = (): void => {
      reject(new Error(`no word since ${last}: an input hangs the parser`));
      void worker.terminate();
    };
    let timer = setTimeout(hung, SILENCE_MS_MAX);
    worker.on('message', (report: FuzzReport) => {
      clearTimeout(timer);
      if (report.kind === 'done') {
        resolve(report);
        return;
      }
      last = `${report.number} ${report.path}`;
      timer = setTimeout(hung, SILENCE_MS_MAX);
    });
    worker.on('error', reject);
  });
}
