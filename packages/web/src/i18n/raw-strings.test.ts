import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAst } from 'vite';

const SOURCES = join(import.meta.dirname, '..');
/** Attributes whose text people read or hear. */
const READ = /^(?:label|title|placeholder|alt|aria-label|aria-description|description|lead|hint|note|aside|summary)$/;
/** A word; a key of a keyboard or a sign is none. */
const WORD = /\p{L}{2,}/u;

type Node = { type: string; start: number } & Record<string, unknown>;
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && 'type' in value;

function* below(node: Node): Generator<Node> {
  yield node;
  for (const value of Object.values(node)) {
    for (const each of Array.isArray(value) ? value : [value]) if (isNode(each)) yield* below(each);
  }
}

const textOf = (node: unknown): string => {
  if (!isNode(node)) return '';
  if (node.type === 'JSXText' || node.type === 'Literal') return typeof node['value'] === 'string' ? node['value'] : '';
  if (node.type === 'TemplateLiteral') {
    return (node['quasis'] as Node[]).map(({ value }) => (value as { raw: string }).raw).join(' ');
  }
  if (node.type === 'JSXExpressionContainer') return textOf(node['expression']);
  if (node.type === 'ConditionalExpression') return `${textOf(node['consequent'])} ${textOf(node['alternate'])}`;
  return '';
};

/** Texts that people would read in whatever language they were written. */
function rawStrings(code: string): string[] {
  const found: string[] = [];
  for (const node of below(parseAst(code, { lang: 'tsx' }) as unknown as Node)) {
    if (node.type === 'JSXElement' || node.type === 'JSXFragment') {
      found.push(...(node['children'] as Node[]).map(textOf));
    }
    const isRead = node.type === 'JSXAttribute' && READ.test(String((node['name'] as { name: unknown }).name));
    if (isRead) found.push(textOf(node['value']));
  }
  return found.filter((text) => WORD.test(text));
}

test('every text of the pages comes from the catalogues', () => {
  const files = globSync('**/*.tsx', { cwd: SOURCES });
  assert.ok(files.length > 10);
  for (const file of files) assert.deepEqual(rawStrings(readFileSync(join(SOURCES, file), 'utf8')), [], file);
});

test('raw strings are found where they may stand', () => {
  const code = `const A = () => (
    <p title="one two">three {'four'} {\`five \${n}\`} {b ? 'six' : t('x')} <C label={'seven'} key="no" /></p>
  );`;
  assert.deepEqual(
    rawStrings(code)
      .map((text) => text.trim())
      .sort(),
    ['five', 'four', 'one two', 'seven', 'six', 'three'].sort(),
  );
});
