import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { diskDirectory } from '@acervo/testkit/postgres.ts';
import { staticFiles } from './static-files.ts';

function folderOf(files: Record<string, string>): string {
  const folder = join(diskDirectory(), 'page');
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return new TextDecoder().decode(concat(all));
}

test('what the listing names is served, in each form that there is', async () => {
  const files = staticFiles(folderOf({ 'index.html': 'page', 'assets/a.js': 'script', 'assets/a.js.br': 'br' }));
  const script = await files.find('assets/a.js');
  assert.deepEqual(script?.forms, { identity: 6, br: 2 });
  assert.equal(await textOf(script.read('identity')), 'script');
  assert.equal(await textOf(script.read('br')), 'br');
  const page = await files.find('index.html');
  assert.equal(page && (await textOf(page.read('identity'))), 'page');
});

test('nothing outside the folder can be named', async () => {
  const folder = folderOf({ 'index.html': 'page' });
  writeFileSync(join(folder, '../secret'), 'secret');
  symlinkSync(join(folder, '../secret'), join(folder, 'link'));
  const files = staticFiles(folder);
  for (const path of [
    '../secret',
    'link',
    '/etc/passwd',
    'assets/../../secret',
    '..%2fsecret',
    '',
    '.',
    'index.html/',
  ]) {
    assert.equal(await files.find(path), undefined, path);
  }
});

test('a folder that is made, or made anew, while we run is seen', async () => {
  const folder = folderOf({ 'index.html': 'old' });
  const fresh = folderOf({ 'index.html': 'newer', 'more.js': '' });
  const away = join(diskDirectory(), 'never');
  const files = staticFiles(folder);
  assert.equal(await staticFiles(away).find('index.html'), undefined);
  const before = await files.find('index.html');
  rmSync(folder, { recursive: true });
  assert.equal(await files.find('index.html'), undefined);
  renameSync(fresh, folder);
  const after = await files.find('index.html');
  assert.equal(after?.forms.identity, 5);
  assert.notEqual(after.version, before?.version);
  assert.ok(await files.find('more.js'));
});
