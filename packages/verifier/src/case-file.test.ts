import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hexOf } from '@acervo/kernel/bytes.ts';
import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { CASE, type CaseManifest, readCaseManifest } from '@acervo/kernel/journal/case-file.ts';
import { type CheckpointFile, checkpointFileText } from '@acervo/kernel/journal/checkpoint-file.ts';
import { consistencyRanges, leafOf, rootsOfRanges } from '@acervo/kernel/journal/merkle.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { caseMembers, HEAD_BYTES, type Members, STUDY, signedAnew, tarOf } from './case-file.fixture.ts';
import { type CaseTotals, verifyCase } from './case-file.ts';
import { TestJournal, testKey, writeCheckpointFile } from './journal.fixture.ts';
import { type Known, sha256 } from './journal.ts';

process.setMaxListeners(200); // Each temporary directory is removed at the end.

const KEY = testKey();
const WITNESS = { ...testKey(), name: 'ISSSTE' };
const NUMBERS = [3, 4, 9, 30, 41];
const KNOWN: Known = { checkpoints: [], keys: [KEY.key], witnesses: [WITNESS] };

/** Lines 1 to 30, then to 45; a checkpoint at each. Another journal of the same key tells something else at 4. */
const JOURNAL = new TestJournal(join(temporaryDirectory(), 'journal'), KEY);
JOURNAL.events(30);
JOURNAL.checkpoint();
const EARLIER = heldFile();
JOURNAL.events(15);
JOURNAL.checkpoint();
const NEWEST = heldFile();
const UNWITNESSED = heldFile(false);
const MADE = await caseMembers(JOURNAL, NUMBERS, readFileSync(NEWEST, 'utf8'));

function heldFile(isWitnessed = true): string {
  const by = isWitnessed ? WITNESS : undefined;
  return writeCheckpointFile(join(temporaryDirectory(), 'checkpoint.json'), JOURNAL.folder, by);
}

async function check(path: string, known = KNOWN): Promise<{ found: string[]; totals: CaseTotals }> {
  const found: string[] = [];
  const totals = await verifyCase(path, known, ({ code, what }) => void found.push(`${code} ${what}`));
  assert.equal(totals.findings, found.length);
  return { found, totals };
}

/** The members with some of them changed; the manifest stays as it was signed. */
function changed(change: (members: Members) => void, from: Members = MADE): Members {
  const members = new Map(from);
  change(members);
  return members;
}
const edited = (name: string, edit: (text: string) => string): Members =>
  changed((members) => void members.set(name, Buffer.from(edit(members.get(name)?.toString() ?? ''))));
const lines = (edit: (lines: string[]) => string[]): Members =>
  edited(CASE.journal, (text) =>
    edit(text.trimEnd().split('\n'))
      .map((line) => `${line}\n`)
      .join(''),
  );

const manifestOf = (members: Members): CaseManifest =>
  readCaseManifest(members.get(CASE.manifest)?.toString() ?? '')?.manifest as CaseManifest;

const [OBJECT = ''] = [...MADE.keys()].filter((path) => path.startsWith('objects/'));
const flipped = (at: number): Members =>
  changed((members) => {
    const bytes = Buffer.from(members.get(OBJECT) ?? '');
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    members.set(OBJECT, bytes);
  });

test('a case file as it was made: consistent, and what is said of witnesses is true', async () => {
  const { found, totals } = await check(tarOf(MADE));
  assert.deepEqual(found, []);
  assert.deepEqual(totals, {
    study: STUDY,
    at: '2026-01-02T05:00:00.000Z',
    size: 45,
    lines: 5,
    objects: 2,
    verified: 2,
    witnessedBy: ['ISSSTE'],
    consistentTo: 45,
    witnessedTo: 45,
    findings: 0,
    verdict: 'consistent up to 45, witnessed up to 45, nothing later witnessed',
  });
  const alone = await check(tarOf(MADE), { checkpoints: [], keys: [], witnesses: [] });
  assert.deepEqual([alone.found, alone.totals.verdict], [[], 'consistent up to 45, nothing later witnessed']);
});

/** Every way to tamper without the archive's key, and what is named. */
const TAMPERED: readonly [name: string, members: () => Members, found: string[], consistentTo: number][] = [
  [
    'an event altered',
    () => lines((all) => all.map((line, at) => (at === 1 ? line.replace('"HGM"', '"HGN"') : line))),
    ['line.altered 4', `file.altered ${CASE.journal}`],
    3,
  ],
  [
    'an event altered and hashed anew',
    () => lines((all) => all.map((line, at) => (at === 1 ? line.replace(/"hash":"../, '"hash":"00') : line))),
    ['line.altered 4', 'line.foreign 4', `file.altered ${CASE.journal}`],
    3,
  ],
  [
    'an event removed',
    () => lines((all) => all.toSpliced(2, 1)),
    ['line.missing 9', `file.altered ${CASE.journal}`],
    8,
  ],
  [
    'events reordered',
    () => lines(([a = '', b = '', ...rest]) => [b, a, ...rest]),
    ['line.moved 3', `file.altered ${CASE.journal}`],
    2,
  ],
  [
    'an event twice',
    () => lines((all) => [...all, all[4] ?? '']),
    ['line.moved 41', `file.altered ${CASE.journal}`],
    40,
  ],
  [
    'an event renumbered',
    () => lines((all) => all.map((line, at) => (at === 1 ? line.replace('"seq":4', '"seq":5') : line))),
    ['line.altered 5', 'line.foreign 5', 'line.foreign 5', 'line.missing 4', `file.altered ${CASE.journal}`],
    3,
  ],
  [
    'what is no event in place of one',
    () => lines((all) => all.with(2, '{}')),
    ['line.altered 9', `file.altered ${CASE.journal}`],
    8,
  ],
  ['an object altered in its data set', () => flipped(HEAD_BYTES + 3), [`object.altered ${OBJECT}`], 45],
  ['an object altered in its head', () => flipped(3), [`object.altered ${OBJECT}`], 45],
  ['an object removed', () => changed((members) => void members.delete(OBJECT)), [`object.missing ${OBJECT}`], 45],
  [
    'an object added',
    () => changed((members) => void members.set('objects/1.2/3.dcm', Buffer.from('x'))),
    ['object.foreign objects/1.2/3.dcm'],
    45,
  ],
  [
    'an object taken off the list',
    () => edited(CASE.objects, (text) => `${text.split('\n')[0]}\n`),
    [`object.missing ${CASE.objects}`, 'object.foreign objects/1.2.3.1/1.2.3.1.2.dcm', `file.altered ${CASE.objects}`],
    45,
  ],
  ['the first page altered', () => edited(CASE.readme, () => 'otra cosa'), [`file.altered ${CASE.readme}`], 45],
  ['a file added', () => changed((members) => void members.set('x.txt', Buffer.from('x'))), ['file.foreign x.txt'], 45],
  [
    'an older root in place of the checkpoint',
    () => edited(CASE.checkpoint, () => readFileSync(EARLIER, 'utf8')),
    ['checkpoint.foreign 1', `file.altered ${CASE.checkpoint}`],
    0,
  ],
  [
    'a root altered',
    () => edited(CASE.checkpoint, (text) => text.replace(/"root": "../, '"root": "00')),
    ['checkpoint.altered checkpoint', `file.altered ${CASE.checkpoint}`],
    0,
  ],
  [
    'the manifest altered',
    () => edited(CASE.manifest, (text) => text.replace('"study":"1.2.3"', '"study":"1.2.4"')),
    ['case.altered manifest'],
    0,
  ],
  [
    'a line dropped from the list as well',
    () => edited(CASE.manifest, (text) => text.replace('[3,4,9,', '[3,4,')),
    ['case.altered manifest', 'line.foreign 9'],
    0,
  ],
  [
    'everything signed anew by another key',
    () => {
      const other = testKey();
      return signedAnew(new Map(MADE), other, { ...manifestOf(MADE), key: other.key });
    },
    ['case.key', 'case.key'],
    0,
  ],
];

for (const [name, members, expected, consistentTo] of TAMPERED) {
  test(`tampering is named: ${name}`, async () => {
    const { found, totals } = await check(tarOf(members()));
    // A key of the moment has no name to compare with.
    assert.deepEqual(found.map((each) => each.replace(/^(case\.key) .*/, '$1')).toSorted(), expected.toSorted());
    assert.equal(totals.consistentTo, consistentTo);
  });
}

test('with checkpoint and manifest by another key it shows by the known key, and by that alone', async () => {
  const other = new TestJournal(join(temporaryDirectory(), 'forged'), testKey());
  other.events(45);
  other.checkpoint();
  const checkpoint = writeCheckpointFile(join(temporaryDirectory(), 'c.json'), other.folder);
  const path = tarOf(await caseMembers(other, NUMBERS, readFileSync(checkpoint, 'utf8')));
  assert.deepEqual((await check(path, { checkpoints: [], keys: [], witnesses: [] })).found, []);
  assert.deepEqual((await check(path)).found, [`case.key ${other.key.key}`]);
});

test('a key that was changed counts where the old one signed the new one', async () => {
  const [first, second] = [testKey(), testKey()];
  const journal = new TestJournal(join(temporaryDirectory(), 'rotated'), first);
  journal.events(5);
  journal.rotate(second);
  journal.events(5);
  journal.checkpoint();
  const file = JSON.parse(
    readFileSync(writeCheckpointFile(join(temporaryDirectory(), 'c.json'), journal.folder), 'utf8'),
  ) as CheckpointFile;
  const { event } = journal.lines[5] ?? {};
  const change = (event as { facts: CheckpointFile['keys'][number] }).facts;
  const members = await caseMembers(journal, [2, 6], checkpointFileText({ ...file, keys: [change] }));
  assert.deepEqual((await check(tarOf(members), { ...KNOWN, keys: [first.key] })).found, []);
  const unsaid = await caseMembers(journal, [2, 6], checkpointFileText(file));
  assert.deepEqual((await check(tarOf(unsaid), { ...KNOWN, keys: [first.key] })).found, [`case.key ${second.key}`]);
});

test('an older day, or a journal written anew, shows by a checkpoint that was kept elsewhere', async () => {
  const older = tarOf(await caseMembers(JOURNAL, [3, 4, 9, 30], readFileSync(EARLIER, 'utf8')));
  assert.deepEqual((await check(older)).found, [], 'by itself it is what it was then');
  const { found, totals } = await check(older, { ...KNOWN, checkpoints: [NEWEST] });
  assert.deepEqual(found, ['checkpoint.older 1']);
  assert.equal(totals.verdict, 'consistent up to 30, witnessed up to 30, nothing later witnessed');
  const forged = new TestJournal(join(temporaryDirectory(), 'anew'), KEY);
  forged.events(3);
  forged.event('query.executed', { count: 'another' });
  forged.events(41);
  forged.checkpoint();
  const checkpoint = writeCheckpointFile(join(temporaryDirectory(), 'c.json'), forged.folder);
  const anew = tarOf(await caseMembers(forged, NUMBERS, readFileSync(checkpoint, 'utf8')));
  assert.deepEqual((await check(anew)).found, [], 'whoever has the key can write another past');
  const compared = await check(anew, { ...KNOWN, checkpoints: [NEWEST] });
  assert.deepEqual(compared.found, ['journal.rewritten 45']);
  assert.equal(compared.totals.verdict, 'consistent up to 0, nothing later witnessed');
});

test('a witness of an earlier size counts where the checkpoint proves that it contains it', async () => {
  const file = JSON.parse(readFileSync(UNWITNESSED, 'utf8')) as CheckpointFile;
  const leaves = (async function* () {
    for (const { hash } of JOURNAL.lines) yield leafOf(sha256, hash);
  })();
  const path = (await rootsOfRanges(sha256, consistencyRanges(30, 45), leaves)).map(hexOf);
  const made = async (proof: readonly string[]): Promise<string> =>
    tarOf(await caseMembers(JOURNAL, NUMBERS, checkpointFileText({ ...file, proofs: [{ size: 30, path: proof }] })));
  const known = { ...KNOWN, checkpoints: [EARLIER] };
  const { found, totals } = await check(await made(path), known);
  assert.deepEqual([found, totals.witnessedBy], [[], ['ISSSTE']]);
  assert.equal(totals.verdict, 'consistent up to 45, witnessed up to 30, nothing later witnessed');
  assert.deepEqual((await check(await made(path.toReversed()), known)).found, ['journal.rewritten 30']);
  // The case file brings along what witnesses signed: whoever knows the witness needs no file from elsewhere.
  const along = async (witnessed: string): ReturnType<typeof check> => {
    const text = checkpointFileText({ ...file, proofs: [{ size: 30, path }] });
    return check(tarOf(await caseMembers(JOURNAL, NUMBERS, text, { witnessed })));
  };
  const line = `${JSON.stringify(JSON.parse(readFileSync(EARLIER, 'utf8')))}\n`;
  const brought = await along(line);
  assert.deepEqual([brought.found, brought.totals.witnessedTo], [[], 30]);
  assert.deepEqual((await along('{}\n')).found, [`checkpoint.altered line 1 of ${CASE.witnessed}`]);
  // Without a proof nothing is said.
  const unproved = await check(tarOf(await caseMembers(JOURNAL, NUMBERS, readFileSync(UNWITNESSED, 'utf8'))), known);
  assert.deepEqual([unproved.found, unproved.totals.witnessedTo], [[], 0]);
  const stranger = { ...known, witnesses: [{ name: 'IMSS', key: testKey().key }] };
  assert.deepEqual((await check(await made(path), stranger)).found, [`witness.unknown ${EARLIER}`]);
});

test('what is cut off is named, and what is no case file is refused', async () => {
  const whole = readFileSync(tarOf(MADE));
  const path = join(temporaryDirectory(), 'cut.tar');
  for (const bytes of [whole.length - 1024, whole.length - 1536, whole.length >> 1, 700]) {
    writeFileSync(path, whole.subarray(0, bytes));
    const { found, totals } = await check(path).catch((thrown: Error) => ({
      found: [thrown.message],
      totals: undefined,
    }));
    assert.match(found.join(), /case\.cut|is no case file/, `${bytes} bytes`);
    assert.ok((totals?.consistentTo ?? 0) === 0 || bytes === whole.length - 1024);
  }
  writeFileSync(path, 'no tar');
  await assert.rejects(check(path), /is no case file/);
  await assert.rejects(check(tarOf([['x', Buffer.from('y')]])), /has no manifest/);
});

test('any flipped bit is found', async () => {
  const whole = readFileSync(tarOf(MADE));
  const path = join(temporaryDirectory(), 'flipped.tar');
  // The last two blocks say nothing but that it ends.
  for (let at = 0, bit = 0; at < whole.length - 1024; at += 97, bit = (bit + 1) % 8) {
    const bytes = Buffer.from(whole);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    writeFileSync(path, bytes);
    const { found } = await check(path).catch((thrown: Error) => ({ found: [thrown.message] }));
    assert.ok(found.length > 0 || isPadding(whole, at), `bit ${bit} of byte ${at}`);
  }
});

/** Zeros behind a member's last byte are no part of anything. */
function isPadding(bytes: Buffer, at: number): boolean {
  const block = bytes.subarray(at - (at % 512), at - (at % 512) + 512);
  return block.subarray(at % 512).every((byte) => byte === 0) && !block.subarray(257, 262).equals(Buffer.from('ustar'));
}

const MAIN = join(import.meta.dirname, 'main.ts');

test('the command tells findings, the verdict and an exit code', () => {
  const run = (...words: string[]) => spawnSync(process.execPath, [MAIN, 'case', ...words], { encoding: 'utf8' });
  const known = ['--key', KEY.key, '--witness', `ISSSTE=${WITNESS.key}`, '--checkpoint', NEWEST];
  const good = run(tarOf(MADE), ...known);
  assert.equal(good.status, 0, good.stdout + good.stderr);
  assert.match(good.stdout, /^consistent up to 45, witnessed up to 45, nothing later witnessed\n\{.*"findings":0/);
  const bad = run(tarOf(lines((all) => all.toSpliced(2, 1))), ...known);
  assert.equal(bad.status, 3);
  assert.match(
    bad.stdout,
    /^line\.missing 9: [^\n]*\n.*\nconsistent up to 8, witnessed up to 8, nothing later witnessed\n/,
  );
  assert.equal(run(join(temporaryDirectory(), 'nothing')).status, 1);
  assert.equal(run().status, 2);
  assert.equal(canonicalJson(manifestOf(MADE).lines), '[3,4,9,30,41]');
});
