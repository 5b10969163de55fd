import assert from 'node:assert/strict';
import { test } from 'node:test';
import { en } from './en.ts';
import { es } from './es.ts';

type Texts = { [key: string]: string | Texts };

function* texts(of: Texts, path = ''): Generator<[string, string]> {
  for (const [key, value] of Object.entries(of)) {
    if (typeof value === 'string') yield [`${path}${key}`, value];
    else yield* texts(value, `${path}${key}.`);
  }
}

const holesIn = (text: string): string =>
  [...text.matchAll(/\{\{(\w+)\}\}/g)]
    .map(([, name = '']) => name)
    .sort()
    .join();

test('each language says everything, with the same figures in it', () => {
  const english = new Map(texts(en));
  for (const [key, text] of texts(es)) {
    assert.ok(text.trim() !== '', key);
    assert.equal(holesIn(english.get(key) ?? ''), holesIn(text), key);
    english.delete(key);
  }
  assert.deepEqual([...english.keys()], []);
});
