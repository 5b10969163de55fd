import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskDirectory } from '@acervo/testkit/postgres.ts';
import type { SourceItem } from '../../ports/source-file.ts';
import { type ZipEntry, zipOf } from './zip.fixture.ts';
import { ZIP_LIMITS, zipFiles } from './zip-files.ts';

const folder = diskDirectory();
let made = 0;

function zipAt(entries: readonly ZipEntry[]): string {
  made += 1;
  const path = join(folder, `${made}.zip`);
  writeFileSync(path, zipOf(entries));
  return path;
}

async function itemsOf(path: string, limits = ZIP_LIMITS): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of zipFiles(path, 'stamp', limits)) items.push(item);
  return items;
}

async function bytesOf(item: SourceItem | undefined): Promise<Buffer> {
  assert.ok(item !== undefined && 'read' in item);
  const chunks: Uint8Array[] = [];
  for await (const chunk of item.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('entries are read as they are, whatever they are called', async () => {
  const large = Buffer.alloc(600_000, 'large ');
  const path = zipAt([
    { name: 'folder/', bytes: Buffer.alloc(0) },
    { name: 'folder/a', bytes: Buffer.from('a') },
    { name: '../../etc/passwd', bytes: Buffer.from('b') },
    { name: '/root', bytes: large },
  ]);
  const items = await itemsOf(path);
  assert.deepEqual(
    items.map(({ name }) => name),
    [`${path}!folder/a`, `${path}!../../etc/passwd`, `${path}!/root`],
  );
  assert.equal((await bytesOf(items[1])).toString(), 'b');
  assert.ok(large.equals(await bytesOf(items[2])), 'also after the archive was gone through');
});

test('a file is found below the folder of another, in any case', async () => {
  const path = zipAt([
    { name: 'CD/DICOMDIR', bytes: Buffer.from('d') },
    { name: 'CD/images/IM1', bytes: Buffer.from('one') },
  ]);
  const [directory] = await itemsOf(path);
  assert.ok(directory !== undefined && 'below' in directory);
  assert.equal((await bytesOf(await directory.below(['IMAGES', 'IM1']))).toString(), 'one');
  assert.equal(await directory.below(['IMAGES', 'IM2']), undefined);
});

test('an archive that claims too much is refused before anything is read', async () => {
  const zeros = { name: 'zeros', bytes: Buffer.alloc(1_000_000) };
  const limits = { ...ZIP_LIMITS, bytesFree: 100_000 };
  const refusalOf = async (entries: readonly ZipEntry[], with_ = limits): Promise<string | undefined> => {
    const [item] = await itemsOf(zipAt(entries), with_);
    return item !== undefined && 'refused' in item ? item.refused : undefined;
  };
  assert.match((await refusalOf([zeros])) ?? '', /ZIP bomb/);
  assert.equal(await refusalOf([zeros], ZIP_LIMITS), undefined, 'a small blank image is none');
  assert.match((await refusalOf([zeros, zeros], { ...ZIP_LIMITS, entriesMax: 1 })) ?? '', /more than 1 entries/);
  assert.match((await refusalOf([zeros], { ...ZIP_LIMITS, bytesMax: 999_999 })) ?? '', /claims more than/);
});

test('what inflates to something else than the directory says fails while it is read', async () => {
  const bytes = Buffer.from('content');
  for (const claims of [{ crc32: 1 }, { uncompressedSize: 6 }, { uncompressedSize: 8 }]) {
    const [item] = await itemsOf(zipAt([{ name: 'x', bytes, claims }]));
    await assert.rejects(bytesOf(item), { code: 'ZIP_DAMAGED' });
  }
});

test('encrypted entries and other methods are refused one by one; a damaged archive as a whole', async () => {
  const bytes = Buffer.from('content');
  const items = await itemsOf(
    zipAt([
      { name: 'a', bytes, claims: { flags: 1 } },
      { name: 'b', bytes, claims: { method: 12 } },
      { name: 'c', bytes },
    ]),
  );
  assert.deepEqual(
    items.map((item) => ('refused' in item ? item.refused : 'read')),
    ['encrypted', 'compression method 12', 'read'],
  );
  const path = join(folder, 'cut.zip');
  writeFileSync(path, zipOf([{ name: 'a', bytes }]).subarray(0, 60));
  const [item] = await itemsOf(path);
  assert.match(item !== undefined && 'refused' in item ? item.refused : '', /damaged archive/);
});
