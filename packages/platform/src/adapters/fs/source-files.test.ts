import assert from 'node:assert/strict';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskDirectory } from '@acervo/testkit/postgres.ts';
import type { SourceItem } from '../../ports/source-file.ts';
import { openImportLedger } from './import-ledger.ts';
import { countFiles, sourceFiles } from './source-files.ts';
import { zipOf } from './zip.fixture.ts';

const root = realpathSync(diskDirectory());
const inside = join(root, 'inside');
mkdirSync(join(inside, 'deep/er'), { recursive: true });
writeFileSync(join(root, 'secret'), 'secret');
writeFileSync(join(inside, 'one'), 'one');
writeFileSync(join(inside, 'deep/er/two'), 'two');
writeFileSync(join(inside, 'three.zip'), zipOf([{ name: 'x/three', bytes: Buffer.from('three') }]));
symlinkSync('../secret', join(inside, 'out'));
symlinkSync('.', join(inside, 'loop'));

async function collect(paths: readonly string[]): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for await (const item of sourceFiles(paths)) items.push(item);
  return items.sort((a, b) => (a.name < b.name ? -1 : 1));
}

test('folders with all below, archives opened, links never followed', async () => {
  const items = await collect([inside]);
  assert.deepEqual(
    items.map((item) => [item.name.slice(inside.length + 1), 'refused' in item ? item.refused : 'read']),
    [
      ['deep/er/two', 'read'],
      ['loop', 'symbolic link'],
      ['one', 'read'],
      ['out', 'symbolic link'],
      ['three.zip!x/three', 'read'],
    ],
  );
  assert.equal(await countFiles([inside], new AbortController().signal), 5);
  assert.deepEqual(
    (await collect([join(inside, 'one')])).map((item) => 'isGiven' in item && item.isGiven),
    [true],
  );
  await assert.rejects(collect([join(root, 'nothing')]), { code: 'request/invalid' });
});

test('a file is found below a folder, in any case, and not through a link out of it', async () => {
  const [file] = await collect([join(inside, 'one')]);
  assert.ok(file !== undefined && 'below' in file);
  assert.equal((await file.below(['DEEP', 'ER', 'TWO']))?.name, join(inside, 'deep/er/two'));
  assert.equal(await file.below(['OUT']), undefined);
  assert.equal(await file.below(['DEEP', 'NONE']), undefined);
});

test('a ledger remembers what is finished, as long as the file is the same', async () => {
  const path = join(root, 'ledger/x.jsonl');
  const items = (await collect([inside])).filter((item) => 'read' in item);
  const [one, two] = items;
  assert.ok(one !== undefined && two !== undefined);
  const ledger = await openImportLedger(path, false);
  assert.equal(ledger.has(one), false);
  ledger.add(one);
  ledger.close();
  writeFileSync(path, '{"name":"cut', { flag: 'a' });
  const later = await openImportLedger(path, false);
  assert.deepEqual([later.has(one), later.has(two), later.has({ ...one, stamp: 'new' })], [true, false, false]);
  later.close();
  const again = await openImportLedger(path, true);
  assert.equal(again.has(one), false);
  again.close();
});
