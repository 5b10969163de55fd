// `npm test`, and `npm run` with test:peers, test:pages, test:faults: runs steps, two at a time, and says minutes and
// counts.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statfsSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pinnedNode } from './pinned-node.js';

const root = join(import.meta.dirname, '..');
const node = pinnedNode() ?? process.execPath;
const bin = (name) => join(root, 'node_modules/.bin', name);
/** A test that takes longer hangs. */
const UNIT_MS_MAX = 120_000;
const BLACK_BOX_MS_MAX = 900_000;
const STEPS_AT_A_TIME = 2;
const SLOWEST_SHOWN = 6;

/** For another PostgreSQL (ACERVO_TEST_PG_BIN): the tests that start one by themselves. */
const OVER_OTHER_POSTGRESQL =
  'packages/platform/src/{adapters/postgres/*,apps/visibility*,holdings/power-loss,journal/*,' +
  'features/{audit-export,changes,directory,query,sharing,systems}/*}.test.ts';

/** Faults that measure how long the archive takes, or makes others wait: alone on the machine. */
const MEASURING = 'attacks-slow|hostile-models|restart';

const CHECKS = [
  { name: 'tidy', command: node, words: ['packages/testkit/src/tidy.ts'] },
  { name: 'types', command: bin('tsc'), words: ['-p', 'tsconfig.json'] },
  { name: 'biome', command: bin('biome'), words: ['ci', '--colors=off', '--max-diagnostics=20', '.'] },
  { name: 'oxlint', command: bin('oxlint'), words: ['--type-aware', '--format=unix'] },
  { name: 'knip', command: bin('knip'), words: ['--no-progress'] },
  { name: 'docs', command: node, words: ['scripts/generate-docs.ts', '--check'] },
];
const SUITES = {
  unit: [CHECKS, [tests('{packages,bench}/**/*.test.ts', UNIT_MS_MAX, Math.max(2, cpus().length))]],
  platform: [[tests(OVER_OTHER_POSTGRESQL, UNIT_MS_MAX, Math.max(2, cpus().length))]],
  peers: [[tests('test/{peers,acceptance}/**/*.test.ts', BLACK_BOX_MS_MAX, 2)]],
  pages: [[tests('test/pages/**/*.test.ts', BLACK_BOX_MS_MAX, 2)]],
  faults: [
    [tests(`test/faults/!(${MEASURING}).faults.test.ts`, BLACK_BOX_MS_MAX, 2)],
    [tests(`test/faults/@(${MEASURING}).faults.test.ts`, BLACK_BOX_MS_MAX, 1)],
  ],
};

function tests(pattern, msMax, concurrency) {
  const options = ['--test', '--test-reporter=spec', `--test-timeout=${msMax}`, `--test-concurrency=${concurrency}`];
  return { name: 'tests', command: node, words: [...options, pattern], pattern };
}

/**
 * Suites whose tests put what they make into memory: waiting for a disk is most of their time, and says nothing of
 * what they are about. The faults and the benchmark are about the disk and work on it, and so do the few tests of the
 * others that ask for one (`diskDirectory`, `diskScratch`).
 */
const IN_MEMORY = ['unit', 'platform', 'peers', 'pages'];
const MEMORY = '/dev/shm';
/** What two test files at a time leave in it until they end, twice; as much again stays free for everything else. */
const MEMORY_BYTES_MIN = 4 * 2 ** 30;

const suite = process.argv[2] ?? 'unit';
/** Everything that a run leaves lies here, and what still works in it at the end was forgotten. */
const disk = mkdtempSync(join(tmpdir(), 'acervo-run-'));
const scratch = IN_MEMORY.includes(suite) && hasMemory() ? mkdtempSync(join(MEMORY, 'acervo-run-')) : disk;
process.on('exit', sweep);

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of running) child.kill(signal);
    process.exit(130);
  });
}

const groups = SUITES[suite];
if (groups === undefined) {
  process.stderr.write(`scripts/test.js ${Object.keys(SUITES).join(' | ')}\n`);
  process.exit(2);
}
const began = performance.now();
const outcomes = [];
for (const steps of groups) outcomes.push(...(await runAll(steps)));
const failed = outcomes.filter((outcome) => !outcome.isGood).map((outcome) => outcome.name);
const counts = outcomes
  .map((outcome) => outcome.counts)
  .filter((text) => text !== '')
  .join(' ');
const verdict = failed.length === 0 ? 'PASS' : `FAIL (${failed.join(', ')})`;
process.stdout.write(`acervo test ${suite}: ${verdict} ${counts} in ${minutes(began)} min\n`);
process.exitCode = failed.length === 0 ? 0 : 1;

async function runAll(steps) {
  const queue = [...steps];
  const done = [];
  const work = async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) done.push(await run(step));
  };
  await Promise.all(Array.from({ length: STEPS_AT_A_TIME }, work));
  return done;
}

async function run({ name, command, words, pattern }) {
  const start = performance.now();
  const { code, output } = await capture(command, words);
  // Node finds it right that a pattern matches no file; a suite without tests proves nothing.
  const isVacuous = pattern !== undefined && /^ℹ tests 0$/m.test(output);
  const isGood = code === 0 && !isVacuous;
  process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'} ${name.padEnd(7)} ${minutes(start)} min\n`);
  if (pattern !== undefined) process.stdout.write(slowest(output));
  if (!isGood) process.stdout.write(`${readable(output).replaceAll(/^/gm, '  ')}\n`);
  return { name, isGood, counts: pattern === undefined ? '' : countsIn(output) };
}

function capture(command, words) {
  const kept = { TMPDIR: scratch, ACERVO_TEST_MADE: scratch, ACERVO_TEST_DISK: disk };
  const compiled = { NODE_COMPILE_CACHE: join(scratch, 'compiled') };
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...kept, ...compiled };
  const child = spawn(command, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: 1, output: error.message }));
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, output });
    });
  });
}

/** Of tests, the failing ones, which the reporter repeats at the end; of everything else, all. */
function readable(output) {
  const at = output.lastIndexOf('✖ failing tests:');
  return (at < 0 ? output : output.slice(at)).trimEnd();
}

/** Where the minutes go: the tests, of those that stand alone, that took the longest. */
function slowest(output) {
  const took = [...output.matchAll(/^[✔✖] (.+) \((\d+)(?:\.\d+)?ms\)$/gm)].map(([, name, ms]) => ({
    name,
    ms: Number(ms),
  }));
  const longest = took.sort((one, other) => other.ms - one.ms).slice(0, SLOWEST_SHOWN);
  return longest.map(({ name, ms }) => `     ${(ms / 1_000).toFixed(0).padStart(4)} s  ${name}\n`).join('');
}

function countsIn(output) {
  const count = (what) => new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(output)?.[1] ?? '?';
  return ['tests', 'pass', 'fail', 'skipped'].map((what) => `${what}=${count(what)}`).join(' ');
}

function sweep() {
  const folders = [...new Set([scratch, disk])];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const where = readlinkSync(`/proc/${pid}/cwd`);
      if (folders.some((folder) => where.startsWith(folder))) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** Containers have a memory file system of 64 MiB, or none. */
function hasMemory() {
  try {
    const { bavail, bsize } = statfsSync(MEMORY);
    const [, availableKib] = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
    return bavail * bsize >= MEMORY_BYTES_MIN && Number(availableKib) * 1024 >= 2 * MEMORY_BYTES_MIN;
  } catch {
    return false;
  }
}

function minutes(since) {
  return ((performance.now() - since) / 60_000).toFixed(2);
}
