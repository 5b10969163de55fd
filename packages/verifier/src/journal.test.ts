import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { type SealedLine, sealedText } from '@acervo/kernel/journal/line.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import {
  CHECKPOINTS,
  fileOf,
  SEGMENT_LINES,
  signedBy,
  TestJournal,
  type TestKey,
  testKey,
  writeCheckpointFile,
} from './journal.fixture.ts';
import { type JournalFolderTotals, type Known, sha256Text, verifyJournal } from './journal.ts';

process.setMaxListeners(60); // Each temporary directory is removed at the end.

const KEY = testKey();
const WITNESS = { ...testKey(), name: 'ISSSTE' };
const NOTHING: Known = { checkpoints: [], keys: [], witnesses: [] };

/** Lines 1 to 105, checkpoints at 30, 60, 100; the last one witnessed. The key does not change. */
const MADE = join(temporaryDirectory(), 'journal');
const HELD = join(temporaryDirectory(), 'witnessed.json');
/** The same archive on an earlier day: lines and checkpoints to 60. */
const EARLIER = join(temporaryDirectory(), 'earlier');
make();

function make(): void {
  const journal = new TestJournal(MADE, KEY);
  for (const [count, isCopied] of [
    [30, false],
    [30, true],
    [40, false],
  ] as const) {
    journal.events(count);
    journal.checkpoint();
    if (isCopied) cpSync(MADE, EARLIER, { recursive: true });
  }
  writeCheckpointFile(HELD, MADE, WITNESS);
  journal.events(5);
}

const GIVEN: Known = { checkpoints: [HELD], keys: [KEY.key], witnesses: [WITNESS] };

async function check(folder: string, known = GIVEN): Promise<{ found: string[]; totals: JournalFolderTotals }> {
  const found: string[] = [];
  const totals = await verifyJournal(folder, known, ({ code, what }) => found.push(`${code} ${what}`));
  assert.equal(totals.findings, found.length);
  return { found, totals };
}

function copy(): string {
  const folder = join(temporaryDirectory(), 'copy');
  cpSync(MADE, folder, { recursive: true });
  return folder;
}

type Lines = (lines: string[]) => string[];

/** Edit all lines of the journal as if they stood in one file, and write them back as they were cut. */
function edited(change: Lines): string {
  const folder = copy();
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
  const all = files.flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'));
  for (const name of files) rmSync(join(folder, name));
  for (const [index, line] of change(all).entries()) {
    appendFileSync(join(folder, fileOf(index + 1)), `${line}\n`);
  }
  return folder;
}

function editedCheckpoints(change: Lines, folder = copy()): string {
  const path = join(folder, CHECKPOINTS);
  const lines = change(readFileSync(path, 'utf8').trimEnd().split('\n'));
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return folder;
}

const at =
  (seq: number, change: (line: string) => string): Lines =>
  (lines) =>
    lines.map((line, index) => (index === seq - 1 ? change(line) : line));

/** Line and hash made to fit each other again. */
function rehashed(text: string, change: (line: SealedLine) => SealedLine): string {
  const line = change(JSON.parse(text) as SealedLine);
  return canonicalJson({ ...line, hash: sha256Text(sealedText(line.seq, line.prev, line.event)) });
}

/** From a line on everything is made anew: numbers, hashes and chain fit, as who may write the files can do it. */
const rewrittenFrom =
  (seq: number, change: Lines): Lines =>
  (lines) => {
    let prev = (JSON.parse(lines[seq - 2] ?? '{"hash":""}') as SealedLine).hash;
    const rest = change(lines.slice(seq - 1)).map((text, index) => {
      const anew = rehashed(text, (line) => ({ ...line, seq: seq + index, prev }));
      prev = (JSON.parse(anew) as SealedLine).hash;
      return anew;
    });
    return [...lines.slice(0, seq - 1), ...rest];
  };

const other = (line: string): string => line.replace('"HGM"', '"HGN"');

/** Every way to tamper, and the first wrong number that is named; and how far the journal is consistent then. */
const TAMPERED: readonly [name: string, folder: () => string, found: string[], consistentTo: number][] = [
  ['a line altered', () => edited(at(17, other)), ['journal.altered 17'], 16],
  [
    'a line altered and hashed anew',
    () => edited(at(17, (line) => rehashed(other(line), (x) => x))),
    ['journal.altered 17'],
    16,
  ],
  [
    'a hash altered',
    () => edited(at(17, (line) => line.replace(/"hash":"./, '"hash":"x'))),
    ['journal.altered 17'],
    16,
  ],
  ['a line garbled', () => edited(at(17, (line) => line.slice(5))), ['journal.altered 17'], 16],
  ['a line spaced', () => edited(at(17, (line) => line.replace(':', ': '))), ['journal.altered 17'], 16],
  ['the first line altered', () => edited(at(1, other)), ['journal.altered 1'], 0],
  ['a line deleted', () => edited((lines) => lines.filter((_, index) => index !== 41)), ['journal.missing 42'], 41],
  [
    'three lines deleted over a border of files',
    () => edited((lines) => lines.filter((_, index) => index < 38 || index > 40)),
    ['journal.missing 39 to 41'],
    38,
  ],
  ['the first lines deleted', () => edited((lines) => lines.slice(2)), ['journal.missing 1 to 2'], 0],
  [
    'two lines exchanged',
    () => edited((lines) => [...lines.slice(0, 9), lines[10] as string, lines[9] as string, ...lines.slice(11)]),
    ['journal.missing 10', 'journal.foreign 10'],
    9,
  ],
  ['a line repeated', () => edited((lines) => [...lines.slice(0, 9), ...lines.slice(8)]), ['journal.foreign 9'], 8],
  ['the end cut off', () => edited((lines) => lines.slice(0, 95)), ['journal.cut 96'], 95],
  [
    'a file taken away',
    () => {
      const folder = copy();
      rmSync(join(folder, fileOf(SEGMENT_LINES + 1)));
      return folder;
    },
    ['journal.missing 41 to 80'],
    40,
  ],
  ['the last line torn', () => edited((lines) => [...lines.slice(0, 99), '{"event":']), ['journal.altered 100'], 99],
  ['an older day: journal and checkpoints', () => EARLIER, ['checkpoint.missing 3', 'journal.cut 61'], 60],
  [
    'an older day: checkpoints alone',
    () => editedCheckpoints((lines) => lines.slice(0, 2)),
    ['checkpoint.missing 3'],
    105,
  ],
  [
    'rewritten from a line on',
    () => edited(rewrittenFrom(42, (lines) => lines.map(other))),
    ['journal.rewritten 31'],
    30,
  ],
  [
    'a line dropped and everything behind it numbered anew',
    () => edited(rewrittenFrom(42, (lines) => lines.slice(1))),
    ['journal.rewritten 31'],
    30,
  ],
  [
    'a root forged',
    () => editedCheckpoints(at(2, (line) => line.replace(/"root":"../, '"root":"00'))),
    ['checkpoint.altered 2'],
    105,
  ],
  ['a checkpoint dropped', () => editedCheckpoints((lines) => lines.toSpliced(1, 1)), ['checkpoint.missing 2'], 105],
  [
    'two checkpoints exchanged',
    () => editedCheckpoints(([a, b, c]) => [b, a, c] as string[]),
    ['checkpoint.missing 1', 'checkpoint.foreign 1'],
    105,
  ],
  [
    'a checkpoint of another archive',
    () => {
      const folder = join(temporaryDirectory(), 'other');
      const journal = new TestJournal(folder, KEY);
      journal.events(90);
      const theirs = journal.signed({ ...journal.checkpoint(), archive: '0199d7a0-0000-7000-8000-000000000002' });
      return editedCheckpoints((lines) => lines.toSpliced(1, 0, theirs));
    },
    ['checkpoint.foreign 1'],
    105,
  ],
  [
    'the key swapped under every checkpoint',
    () => swapped(testKey()),
    ['checkpoint.key 1', 'checkpoint.altered 3'],
    105,
  ],
];

/** The journal rewritten from line 72 on, and every checkpoint of it, as who has a key can do it. */
function forged(by: TestKey): string {
  const folder = join(temporaryDirectory(), 'forged');
  const journal = new TestJournal(folder, by);
  for (let seq = 1; seq <= 105; seq++) {
    if (seq === 72) journal.event('query.executed', { count: 9999 });
    else
      journal.event('query.executed', { count: [...range(30), ...range(30), ...range(40), ...range(5)][seq - 1] ?? 0 });
    if ([30, 60, 100].includes(seq)) journal.checkpoint();
  }
  return folder;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Nothing but the signatures and the keys that they name. */
function swapped(by: TestKey): string {
  const folder = join(temporaryDirectory(), 'swapped');
  const journal = new TestJournal(folder, by);
  for (const count of [30, 30, 40]) {
    journal.events(count);
    journal.checkpoint();
  }
  journal.events(5);
  return folder;
}

test('a journal as it was written is consistent, and what is said of witnesses is true', async () => {
  const { found, totals } = await check(MADE);
  assert.deepEqual(found, []);
  assert.deepEqual(totals, {
    lines: 105,
    checkpoints: 3,
    consistentTo: 105,
    signedTo: 100,
    witnessedTo: 100,
    findings: 0,
    verdict: 'consistent up to 105, witnessed up to 100, nothing later witnessed',
  });
  const alone = await check(MADE, NOTHING);
  assert.equal(alone.totals.verdict, 'consistent up to 105, nothing later witnessed');
  // Held elsewhere, signed by no witness that is known: it is compared, and counts as no witness's.
  const held = await check(MADE, { ...GIVEN, witnesses: [] });
  assert.deepEqual([held.found, held.totals.witnessedTo], [[], 0]);
  const stranger = await check(MADE, { ...GIVEN, witnesses: [{ name: 'IMSS', key: testKey().key }] });
  assert.deepEqual(stranger.found, [`witness.unknown ${HELD}`]);
});

for (const [name, folder, expected, consistentTo] of TAMPERED) {
  test(`tampering is named: ${name}`, async () => {
    const { found, totals } = await check(folder());
    assert.deepEqual(found, expected);
    assert.equal(totals.consistentTo, consistentTo);
  });
}

test('an older day, or a forgery by who has the key, shows only by what was kept elsewhere', async () => {
  const alone = await check(EARLIER, { ...NOTHING, keys: [KEY.key] });
  assert.deepEqual([alone.found, alone.totals.verdict], [[], 'consistent up to 60, nothing later witnessed']);
  const folder = forged(KEY);
  assert.deepEqual((await check(folder, { ...NOTHING, keys: [KEY.key] })).found, []);
  const { found, totals } = await check(folder);
  assert.deepEqual(found, ['checkpoint.altered 3', 'journal.rewritten 61']);
  assert.equal(totals.witnessedTo, 0);
  // With a stranger's key it shows by the known key alone.
  assert.deepEqual((await check(forged(testKey()), { ...NOTHING, keys: [KEY.key] })).found, ['checkpoint.key 1']);
});

test('a witness must have signed this very checkpoint; a file that was altered is none', async () => {
  const file = JSON.parse(readFileSync(HELD, 'utf8')) as { checkpoint: { size: number }; witnesses: object[] };
  const path = join(temporaryDirectory(), 'altered.json');
  writeFileSync(path, JSON.stringify({ ...file, checkpoint: { ...file.checkpoint, size: 99 } }));
  await assert.rejects(check(MADE, { ...GIVEN, checkpoints: [path] }), /altered/);
  const witnesses = [{ ...file.witnesses[0], at: '2026-01-03T00:00:00.000Z' }];
  writeFileSync(path, JSON.stringify({ ...file, witnesses }));
  assert.deepEqual((await check(MADE, { ...GIVEN, checkpoints: [path] })).found, [`witness.unknown ${path}`]);
});

test('a key may change when the old one signs it; else only for whom knows the new one', async () => {
  const [second, third] = [testKey(), testKey()];
  const folder = join(temporaryDirectory(), 'rotated');
  const journal = new TestJournal(folder, KEY);
  journal.events(3);
  journal.checkpoint();
  journal.rotate(second);
  journal.events(3);
  journal.checkpoint();
  assert.deepEqual((await check(folder, { ...NOTHING, keys: [KEY.key] })).found, []);
  journal.replace(third);
  journal.events(3);
  journal.checkpoint();
  assert.deepEqual((await check(folder, { ...NOTHING, keys: [KEY.key] })).found, ['key.replaced 8']);
  assert.deepEqual((await check(folder, { ...NOTHING, keys: [KEY.key, third.key] })).found, []);
  // The rotation's signature is of another change.
  const stolen = edited((lines) => lines);
  const forgery = new TestJournal(stolen, KEY);
  const change = { archive: 'x', previous: KEY.key, key: third.key };
  rmSync(stolen, { recursive: true });
  const again = new TestJournal(join(stolen, 'again'), forgery.key);
  again.events(2);
  again.checkpoint();
  again.event('key.rotated', { ...change, signature: signedBy(third, 'key', change) });
  assert.deepEqual((await check(again.folder, { ...NOTHING, keys: [KEY.key] })).found, ['key.replaced 3']);
});

test('any flipped bit of what a witnessed checkpoint covers is found', async () => {
  const folder = copy();
  const covered = [fileOf(1), fileOf(SEGMENT_LINES + 1), CHECKPOINTS];
  for (const [file, name] of covered.entries()) {
    const path = join(folder, name);
    const bytes = readFileSync(path);
    // The step is prime to everything: over the files each part of a line is met.
    for (let at = file, bit = 0; at < bytes.length; at += 397, bit = (bit + 1) % 8) {
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] as number) ^ (1 << bit);
      writeFileSync(path, flipped);
      const { found } = await check(folder);
      assert.ok(found.length > 0, `bit ${bit} of byte ${at} of ${name}`);
    }
    writeFileSync(path, bytes);
  }
  assert.deepEqual((await check(folder)).found, []);
});

const MAIN = join(import.meta.dirname, 'main.ts');

test('the command tells findings, the verdict and an exit code, without database or network', () => {
  const known = ['--checkpoint', HELD, '--key', KEY.key, '--witness', `ISSSTE=${WITNESS.key}`];
  const text = execFileSync(process.execPath, [MAIN, 'journal', MADE, ...known], { encoding: 'utf8' });
  assert.match(text, /^consistent up to 105, witnessed up to 100, nothing later witnessed\n\{.*"findings":0.*\}\n$/);
  const cut = edited((lines) => lines.slice(0, 95));
  const { status, stdout } = spawnSync(process.execPath, [MAIN, 'journal', cut, ...known], { encoding: 'utf8' });
  assert.equal(status, 3);
  assert.match(stdout, /^journal\.cut 96: .*100 lines\nconsistent up to 95, nothing later witnessed\n/);
  assert.equal(spawnSync(process.execPath, [MAIN, 'journal']).status, 2);
  assert.equal(spawnSync(process.execPath, [MAIN, 'journal', MADE, '--witness', 'x']).status, 1);
  assert.equal(spawnSync(process.execPath, [MAIN, 'journal', join(MADE, 'nothing')]).status, 1);
});
