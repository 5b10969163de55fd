import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { TestJournal, testKey, writeCheckpointFile } from '@acervo/verifier/journal.fixture.ts';
import { cpuSecondsOf } from '../harness/proc.ts';
import type { Bench, Measured, Row, Sides } from '../row.ts';

const MAIN = join(import.meta.dirname, '../../packages/verifier/src/main.ts');
const LINES = 200_000;
const QUICK_LINES = 5_000;
/** A checkpoint a minute while 50 events come each second. */
const LINES_A_CHECKPOINT = 3_000;
const LINES_A_FILE = 100_000;
const SECONDS_MAX = 5;

/**
 * The verifier as anybody starts it, over a journal of 200,000 events with its checkpoints and a witnessed one. Budget
 * for a line of 800 bytes: to parse, to write again and to compare 10 us, SHA-256 of it and of two nodes 3 us; then
 * a few milliseconds for the signatures, and 0.3 s to start Node: under 3 s.
 */
export const VERIFY_ROWS: readonly Row[] = [
  {
    id: 'verify-200k',
    title: 'The verifier over a sealed journal of 200,000 events, checkpoints and a witness with it',
    isQuick: true,
    rounds: 3,
    targets: [{ figure: 'verifySeconds', better: 'lower', committed: SECONDS_MAX, stretch: 3 }],
    open: (bench) => Promise.resolve(openVerify(bench)),
  },
];

function openVerify({ scratch, isQuick }: Bench): Sides {
  const lines = isQuick ? QUICK_LINES : LINES;
  const [key, witness] = [testKey(), testKey()];
  const folder = join(scratch, 'journal');
  const held = join(scratch, 'witnessed.json');
  writeJournal(new TestJournal(folder, key, LINES_A_FILE), lines);
  writeCheckpointFile(held, folder, { ...witness, name: 'ISSSTE' });
  const words = ['journal', folder, '--key', key.key, '--checkpoint', held, '--witness', `ISSSTE=${witness.key}`];
  const round = async (): Promise<Measured> => {
    const began = performance.now();
    const cpu = cpuSecondsOf([process.pid]);
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
    const seconds = (performance.now() - began) / 1000;
    const totals = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
    const { findings, consistentTo, witnessedTo } = totals;
    if (findings !== 0 || consistentTo !== lines || witnessedTo !== lines)
      throw new Error(`verified otherwise: ${stdout}`);
    return {
      operations: lines,
      seconds,
      cpuSeconds: cpuSecondsOf([process.pid]) - cpu,
      figures: { verifySeconds: seconds },
    };
  };
  return {
    ours: { name: 'acervo', detail: 'packages/verifier, one process, its start included', round },
    peers: [],
    checks: 'no finding; consistent and witnessed up to the last number; an operation is an event',
    close: () => Promise.resolve(),
  };
}

/** Events as groups of CT slices make them. */
function writeJournal(journal: TestJournal, lines: number): void {
  for (let number = 1; number <= lines; number++) {
    const series = `1.2.840.113619.2.55.3.604688119.${Math.floor(number / 40)}.1`;
    const instances = Array.from({ length: 4 }, (_, index) => `${series}.${number * 4 + index}`);
    const facts = { system: 'CT_URGENCIAS', count: 4, bytes: 2_105_344, instances: { [series]: instances } };
    journal.event('instance.stored', facts, `1.2.840.113619.2.55.3.604688119.${Math.floor(number / 40)}`);
    if (number % LINES_A_CHECKPOINT === 0 || number === lines) journal.checkpoint();
  }
}
