import assert from 'node:assert/strict';
import { appendFileSync, cpSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { entryAt, walkSegment } from '@acervo/kernel/pack/walk.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { member, writeSegment } from './packs.fixture.ts';
import { type PackFinding, type PackTotals, verifyPacks } from './packs.ts';
import { newSha256, withSegment } from './tree.ts';

const FILE = '0000/00000000.tar';

process.setMaxListeners(40); // Each temporary directory is removed at the end.

async function check(folder: string): Promise<{ codes: string[]; findings: PackFinding[]; totals: PackTotals }> {
  const findings: PackFinding[] = [];
  const totals = await verifyPacks(folder, (finding) => findings.push(finding));
  return { codes: findings.map(({ code }) => code), findings, totals };
}

/** Two gathered groups of three, and a streamed one; sealed. */
async function madePacks(): Promise<string> {
  const folder = temporaryDirectory();
  await writeSegment(folder, 0, [
    [member(1), member(2), member(3)],
    { streamed: member(4, 3000) },
    [member(5), member(6), member(7)],
  ]);
  return folder;
}

function copyOf(folder: string): { folder: string; file: string; bytes: Buffer; save(bytes: Uint8Array): void } {
  const copy = temporaryDirectory();
  cpSync(folder, copy, { recursive: true });
  const file = join(copy, FILE);
  return { folder: copy, file, bytes: readFileSync(file), save: (bytes) => writeFileSync(file, bytes) };
}

type Entry = { path: string; start: number; at: number; next: number };

async function entriesOf(folder: string): Promise<Entry[]> {
  return withSegment(join(folder, FILE), async (bytes) => {
    const entries: Entry[] = [];
    for await (const walked of walkSegment(bytes, newSha256)) {
      if (walked.kind === 'gap') continue;
      const { path, start, at, next } = walked;
      entries.push({ path, start, at, next });
    }
    return entries;
  });
}

test('packs as the archive writes them have no findings, sealed or open, voided or not', async () => {
  const folder = await madePacks();
  assert.deepEqual(await check(folder).then(({ findings }) => findings), []);
  await writeSegment(folder, 1, [[member(8)], [member(9)]], { sealed: false });
  const whole = readFileSync(join(folder, '0000/00000001.tar'));
  appendFileSync(join(folder, '0000/00000001.tar'), Buffer.alloc(700, 1));
  const { findings, totals } = await check(folder);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    { segments: totals.segments, open: totals.open, members: totals.members, records: totals.records },
    { segments: 2, open: 1, members: 9, records: 6 },
  );
  assert.equal(totals.uncommittedBytes, 700);

  // A failed fdatasync: the second group of segment 1 is void, whatever the disk kept of it.
  const [, record] = await withSegment(join(folder, '0000/00000001.tar'), async (bytes) => [
    await entryAt(bytes, 0),
    await entryAt(bytes, 1536),
  ]);
  assert.ok(typeof record === 'object');
  await writeSegment(folder, 2, [[member(10)]], { voids: [{ segment: 1, from: record.next }] });
  writeFileSync(
    join(folder, '0000/00000001.tar'),
    Buffer.concat([whole.subarray(0, record.next), Buffer.alloc(99, 7)]),
  );
  const voided = await check(folder);
  assert.deepEqual(voided.findings, []);
  assert.equal(voided.totals.voided, 1);
});

test('any flipped bit of a sealed segment is found', async () => {
  const folder = await madePacks();
  const { bytes } = copyOf(folder);
  const copy = copyOf(folder);
  // Every region of the file is met: the step is prime to the block size.
  for (let at = 0, bit = 0; at < bytes.length; at += 97, bit = (bit + 1) % 8) {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] as number) ^ (1 << bit);
    copy.save(flipped);
    const { codes, totals } = await check(copy.folder);
    // Without the header of its seal a segment looks like an open one: only the index knows better.
    assert.ok(codes.length > 0 || totals.open === 1, `bit ${bit} of byte ${at}`);
  }
});

test('a flipped member is named, its neighbours are not', async () => {
  const folder = await madePacks();
  const entries = await entriesOf(folder);
  for (const [index, code] of [
    [1, 'member.flipped'],
    [4, 'member.flipped'],
  ] as const) {
    const { folder: copy, bytes, save } = copyOf(folder);
    const entry = entries[index] as Entry;
    bytes[entry.at + 100] = (bytes[entry.at + 100] as number) ^ 4;
    save(bytes);
    const { findings } = await check(copy);
    assert.deepEqual(
      findings.map((finding) => [finding.code, finding.what]),
      [[code, entry.path]],
    );
  }
  const { folder: copy, bytes, save } = copyOf(folder);
  const entry = entries[0] as Entry;
  bytes[entry.start + 3] = (bytes[entry.start + 3] as number) ^ 4;
  save(bytes);
  const { findings } = await check(copy);
  assert.deepEqual(
    findings.map((finding) => [finding.code, finding.what]),
    [['member.header', entry.path]],
  );
});

test('a flipped record is named, and the chain goes on behind it', async () => {
  const folder = await madePacks();
  const record = (await entriesOf(folder))[3] as Entry;
  const { folder: copy, bytes, save } = copyOf(folder);
  bytes[record.at + 50] = (bytes[record.at + 50] as number) ^ 1;
  save(bytes);
  const { findings } = await check(copy);
  assert.deepEqual(
    findings.map(({ code, what }) => [code, what]),
    [['record.altered', '00000000/0']],
  );
});

test('dropped, appended and swapped members are named', async () => {
  const folder = await madePacks();
  const entries = await entriesOf(folder);
  const [a, b, c] = entries as [Entry, Entry, Entry];
  const { bytes } = copyOf(folder);
  const piece = (entry: Entry): Buffer => bytes.subarray(entry.start, entry.next);

  const dropped = copyOf(folder);
  dropped.save(Buffer.concat([bytes.subarray(0, b.start), bytes.subarray(b.next)]));
  const afterDrop = await check(dropped.folder);
  assert.ok(afterDrop.findings.some(({ code, what }) => code === 'member.missing' && what === b.path));
  assert.deepEqual(afterDrop.codes.filter((code) => code === 'segment.shifted').length, 1, 'said once');
  assert.ok(!afterDrop.codes.includes('member.flipped'));

  const swapped = copyOf(folder);
  swapped.save(Buffer.concat([bytes.subarray(0, a.start), piece(b), piece(a), bytes.subarray(b.next)]));
  const afterSwap = await check(swapped.folder);
  assert.deepEqual(
    afterSwap.findings.map(({ code, what }) => [code, what]),
    [
      ['member.swapped', a.path],
      ['member.swapped', b.path],
    ],
  );

  const contents = copyOf(folder);
  const mixed = Buffer.from(bytes);
  bytes.copy(mixed, a.at, c.at, c.at + 600);
  bytes.copy(mixed, c.at, a.at, a.at + 600);
  contents.save(mixed);
  assert.deepEqual((await check(contents.folder)).codes, ['member.swapped', 'member.swapped']);

  const appended = copyOf(folder);
  const stray = entries[4] as Entry;
  appended.save(Buffer.concat([bytes.subarray(0, c.next), piece(stray), bytes.subarray(c.next)]));
  const afterAppend = await check(appended.folder);
  assert.ok(afterAppend.findings.some(({ code, what }) => code === 'member.foreign' && what === stray.path));
});

test('dropped, swapped, repeated and foreign records are named', async () => {
  const folder = await madePacks();
  const entries = await entriesOf(folder);
  const { bytes } = copyOf(folder);
  const first = { start: 0, end: (entries[3] as Entry).next };
  const second = { start: first.end, end: (entries[5] as Entry).next };
  const group = ({ start, end }: typeof first): Buffer => bytes.subarray(start, end);

  const dropped = copyOf(folder);
  dropped.save(Buffer.concat([group(first), bytes.subarray(second.end)]));
  const codes = (await check(dropped.folder)).findings.map(({ code, what }) => `${code} ${what}`);
  assert.ok(codes.includes('record.missing 00000000/1'), codes.join());

  const exchanged = copyOf(folder);
  exchanged.save(Buffer.concat([group(second), group(first), bytes.subarray(second.end)]));
  const found = (await check(exchanged.folder)).findings.map(({ code, what }) => `${code} ${what}`);
  assert.ok(found.includes('record.foreign 00000000/0'), found.join());

  const repeated = copyOf(folder);
  repeated.save(Buffer.concat([group(first), group(first), bytes.subarray(first.end)]));
  assert.ok((await check(repeated.folder)).codes.includes('record.foreign'));

  const other = temporaryDirectory();
  await writeSegment(other, 7, [[member(1)]]);
  const foreign = copyOf(folder);
  foreign.save(
    Buffer.concat([
      group(first),
      readFileSync(join(other, '0000/00000007.tar')).subarray(0, -1024),
      bytes.subarray(first.end),
    ]),
  );
  const after = (await check(foreign.folder)).findings.map(({ code, what }) => `${code} ${what}`);
  assert.ok(after.includes('record.foreign 00000007/0'), after.join());
});

test('a record that was made anew, digests and all, does not fit the chain', async () => {
  const folder = await madePacks();
  const other = temporaryDirectory();
  await writeSegment(other, 0, [[member(1), member(2), { ...member(3), pieces: member(3).pieces }]]);
  const forged = readFileSync(join(other, FILE)).subarray(0, -1024);
  const { folder: copy, bytes, save } = copyOf(folder);
  const end = ((await entriesOf(folder))[3] as Entry).next;
  const forgedEnd = ((await entriesOf(other))[3] as Entry).next;
  save(Buffer.concat([forged.subarray(0, forgedEnd), bytes.subarray(end)]));
  const { codes } = await check(copy);
  assert.ok(codes.includes('record.foreign') || codes.includes('record.altered'), codes.join());
});

test('an object whose inside looks like a segment is not taken for one when a crash cuts it', async () => {
  const inside = temporaryDirectory();
  await writeSegment(inside, 0, [[member(1), member(2)]]);
  const folder = temporaryDirectory();
  await writeSegment(folder, 0, [[member(8)]], { sealed: false });
  const bytes = readFileSync(join(folder, FILE));
  const lookalike = readFileSync(join(inside, FILE));
  // The place-holder of a streamed object is zeros until its end; this one never came.
  for (const before of [bytes, Buffer.alloc(0)]) {
    writeFileSync(join(folder, FILE), Buffer.concat([before, Buffer.alloc(1536), lookalike]));
    const { totals, codes } = await check(folder);
    assert.equal(totals.members, before.length > 0 ? 1 : 0);
    assert.equal(totals.open, 1);
    assert.ok(codes.includes('record.foreign'), codes.join());
  }
});

test('a cut segment, one that goes on, and a file that is none', async () => {
  const folder = await madePacks();
  const cut = copyOf(folder);
  truncateSync(cut.file, cut.bytes.length - 600);
  assert.deepEqual((await check(cut.folder)).codes, ['segment.cut']);
  const unsealed = copyOf(folder);
  truncateSync(unsealed.file, cut.bytes.length - 3000);
  const { totals } = await check(unsealed.folder);
  assert.equal(totals.open, 1, 'without its seal it looks like an open one: only the index knows better');
  const longer = copyOf(folder);
  appendFileSync(longer.file, 'more');
  assert.deepEqual((await check(longer.folder)).codes, ['segment.trailing']);
  await mkdir(join(folder, '0001'));
  writeFileSync(join(folder, '0001/00000001.tar'), '');
  assert.deepEqual((await check(folder)).codes, ['segment.unknown']);
});
