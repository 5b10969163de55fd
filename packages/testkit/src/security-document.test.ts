import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const DOCS = join(import.meta.dirname, '../../../docs');
const text = readFileSync(join(DOCS, 'security.md'), 'utf8');

type Link = { title: string; path: string };
const linksOf = (line: string): Link[] =>
  [...line.matchAll(/\[([^\]]+)\]\(([^)\s]+\.test\.ts)\)/g)].map(([, title = '', path = '']) => ({ title, path }));

/** Is there a test of exactly this title in that file? */
function isTested({ title, path }: Link): boolean {
  const file = join(DOCS, path);
  if (!existsSync(file)) return false;
  const source = readFileSync(file, 'utf8');
  return ["'", '"', '`'].some((quote) => source.includes(`test(${quote}${title}${quote},`));
}

test('each threat of docs/security.md names a test that is there, by file and title', () => {
  const links = linksOf(text);
  assert.ok(links.length > 25, `${links.length} links`);
  assert.deepEqual(
    links.filter((link) => !isTested(link)),
    [],
  );
});

test('no threat of the table stands without a test', () => {
  const rows = text.split('\n').filter((line) => /^\| [STRIDE]+ \|/.test(line) && !line.startsWith('| STRIDE |'));
  assert.ok(rows.length > 15, `${rows.length} threats`);
  assert.deepEqual(
    rows.filter((row) => linksOf(row).length === 0),
    [],
  );
});

test('a link to a test that is not there, or under another title, is found', () => {
  const here = '../packages/testkit/src/security-document.test.ts';
  const title = 'no threat of the table stands without a test';
  assert.equal(isTested({ title, path: here }), true);
  assert.equal(isTested({ title: 'no threat of the table', path: here }), false);
  assert.equal(isTested({ title, path: '../test/none.test.ts' }), false);
});
