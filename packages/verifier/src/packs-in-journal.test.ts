import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkSegment } from '@acervo/kernel/pack/check.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { TestJournal, testKey, writeCheckpointFile } from './journal.fixture.ts';
import { verifyJournal } from './journal.ts';
import { member, writeSegment } from './packs.fixture.ts';
import { verifyPacks } from './packs.ts';
import { PacksInJournal } from './packs-in-journal.ts';
import { newSha256, withSegment } from './tree.ts';

process.setMaxListeners(60); // Each temporary directory is removed at the end.

const KEY = testKey();
const WITNESS = { ...testKey(), name: 'ISSSTE' };
const PACKS = join(temporaryDirectory(), 'packs');
const JOURNAL = join(temporaryDirectory(), 'journal');
const HELD = join(temporaryDirectory(), 'witnessed.json');
const fileOf = (folder: string, segment: number): string => join(folder, segmentPath(segment));

type Group = { ids: string[]; start: number; end: number; chain: string };

/** The groups of a segment where they lie, with the ids of the events that their records tell. */
async function groupsOf(folder: string, segment: number): Promise<Group[]> {
  const groups: Group[] = [];
  await withSegment(fileOf(folder, segment), async (bytes) => {
    for await (const checked of checkSegment(bytes, { segment, newSha256, deep: false })) {
      if (checked.kind !== 'group') continue;
      const ids = checked.record.events.map((event) => (event as { id: string }).id);
      groups.push({ ids, start: groups.at(-1)?.end ?? 0, end: checked.end, chain: checked.chain });
    }
  });
  return groups;
}

/** Segment 0 and 1 sealed, 2 open; a journal that tells each group, then the sealing, under a witnessed checkpoint. */
async function make(): Promise<void> {
  await writeSegment(PACKS, 0, [[member(1), member(2)], [member(3)], [member(4)]]);
  await writeSegment(PACKS, 1, [[member(5)]]);
  await writeSegment(PACKS, 2, [[member(6)], [member(7)]], { sealed: false });
  const journal = new TestJournal(JOURNAL, KEY);
  for (const segment of [0, 1, 2]) {
    const groups = await groupsOf(PACKS, segment);
    for (const id of groups.flatMap(({ ids }) => ids)) journal.event('instance.stored', {}, '1.2.3', id);
    const { end = 0, chain = '' } = groups.at(-1) ?? {};
    const sealed = { segment, records: groups.length, chain, bytes: end };
    if (segment < 2) journal.event('segment.sealed', { segments: [sealed] });
  }
  journal.checkpoint();
  writeCheckpointFile(HELD, JOURNAL, WITNESS);
}
await make();

async function check(packs: string, journal = JOURNAL): Promise<string[]> {
  const found: string[] = [];
  const say = ({ code, what }: { code: string; what: string }): void => void found.push(`${code} ${what}`);
  const known = { checkpoints: [HELD], keys: [KEY.key], witnesses: [WITNESS] };
  const told = new PacksInJournal();
  await verifyJournal(journal, known, say, (line) => told.take(line));
  await verifyPacks(packs, say, told);
  return found;
}

async function changed(change: (folder: string) => void | Promise<void>): Promise<string> {
  const folder = join(temporaryDirectory(), 'copy');
  cpSync(PACKS, folder, { recursive: true });
  await change(folder);
  return folder;
}

const edit = (folder: string, segment: number, change: (bytes: Buffer) => Uint8Array): void =>
  writeFileSync(fileOf(folder, segment), change(readFileSync(fileOf(folder, segment))));

const withoutGroup =
  (segment: number, number: number) =>
  async (folder: string): Promise<void> => {
    const { start, end } = (await groupsOf(folder, segment)).at(number) as Group;
    edit(folder, segment, (bytes) => Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]));
  };

/** What is done to packs on the disk, and what is named. Numbers behind `record.lost` are those of the journal. */
const TAMPERED: readonly [string, (folder: string) => void | Promise<void>, RegExp[]][] = [
  [
    'a byte of a member altered',
    (folder) => edit(folder, 0, (bytes) => Buffer.from(bytes.map((byte, at) => (at === 600 ? byte ^ 1 : byte)))),
    [/^member\.flipped .*1\.2\.3\.4\.1/],
  ],
  [
    'a member removed',
    (folder) => edit(folder, 0, (bytes) => bytes.subarray(1536)),
    [/^member\.missing .*1\.2\.3\.4\.1/, /^member\.swapped .*4\.2/, /^segment\.shifted 00000000/],
  ],
  [
    'a group in the middle dropped',
    withoutGroup(0, 1),
    [/^record\.missing 00000000\/1/, /^segment\.shifted 00000000/, /^record\.lost 2$/],
  ],
  [
    'the last groups of a sealed segment dropped, as if it had never been sealed',
    async (folder) => {
      const [first] = await groupsOf(folder, 0);
      edit(folder, 0, (bytes) => bytes.subarray(0, first?.end));
    },
    [/^segment\.rolled-back 00000000$/, /^record\.lost 2$/, /^record\.lost 3$/],
  ],
  ['the last group of an open segment dropped', withoutGroup(2, -1), [/^record\.lost 8$/]],
  [
    'a sealed segment removed',
    (folder) => rmSync(fileOf(folder, 1)),
    [/^segment\.missing 00000001$/, /^record\.lost 5$/],
  ],
  ['an open segment removed', (folder) => rmSync(fileOf(folder, 2)), [/^record\.lost 7$/, /^record\.lost 8$/]],
  [
    'a sealed segment replaced by another one that is sound in itself',
    async (folder) => {
      rmSync(fileOf(folder, 1));
      await writeSegment(folder, 1, [[member(9)]]);
    },
    [/^record\.unknown 00000001\/0$/, /^segment\.rolled-back 00000001$/, /^record\.lost 5$/],
  ],
];

test('packs as they were written agree with the journal that tells them', async () => {
  assert.deepEqual(await check(PACKS), []);
});

for (const [name, change, expected] of TAMPERED) {
  test(`tampering with packs is named: ${name}`, async () => {
    const found = await check(await changed(change));
    assert.equal(found.length, expected.length, found.join(', '));
    for (const [index, pattern] of expected.entries()) assert.match(found[index] ?? '', pattern);
  });
}

test('packs and journal set back to the same earlier day show by the witnessed checkpoint', async () => {
  const packs = await changed(async (folder) => {
    rmSync(fileOf(folder, 1));
    rmSync(fileOf(folder, 2));
  });
  const journal = join(temporaryDirectory(), 'journal');
  cpSync(JOURNAL, journal, { recursive: true });
  const path = join(journal, '000000000001.jsonl');
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(0, 4);
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  rmSync(join(journal, 'checkpoints'), { recursive: true });
  assert.deepEqual(await check(packs, journal), ['checkpoint.missing 1', 'journal.cut 5']);
});
