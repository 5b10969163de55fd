import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crManifest, ctManifest } from './manifests.ts';

/** Everything below a value that has a meaning. */
function codingsIn(value: unknown): { meaning: string; meaning_en?: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = 'meaning' in value ? [value as { meaning: string }] : [];
  return [...own, ...Object.values(value).flatMap(codingsIn)];
}

test('whatever the models of the demo find has words in Spanish and in English', () => {
  const codings = [crManifest(), ctManifest()].flatMap(({ outputs }) => codingsIn(outputs));
  assert.equal(codings.length, 4);
  for (const { meaning, meaning_en: english } of codings) {
    assert.notEqual(english, undefined, meaning);
    assert.notEqual(english, meaning);
  }
});
