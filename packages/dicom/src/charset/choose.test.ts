import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { chooseCharset } from './choose.ts';

const chosen = (declared: string[], samples: string[], deviceDefault?: string): string => {
  const { charset, mark } = chooseCharset(declared, samples.map(latin1Bytes), deviceDefault);
  return mark === undefined ? charset.terms.join('\\') : `${charset.terms.join('\\')} ${mark}`;
};
const LATIN1 = 'Mu\xf1oz^Jos\xe9 Mar\xeda';
const UTF8 = 'Mu\xc3\xb1oz^Jos\xc3\xa9';
const CP850 = 'Mu\xa4oz^Jos\x82 Mar\xa1a';

test('nothing declared', () => {
  assert.equal(chosen([], ['Munoz^Jose', '']), 'ISO_IR 6');
  assert.equal(chosen([], [UTF8, 'abc']), 'ISO_IR 192 missing');
  assert.equal(chosen([''], [UTF8]), 'ISO_IR 192 missing');
  assert.equal(chosen([], [LATIN1]), 'ISO_IR 100 missing');
  assert.equal(chosen([], [LATIN1, UTF8]), 'ISO_IR 100 missing');
  assert.equal(chosen([], [LATIN1], 'ISO_IR 101'), 'ISO_IR 101 missing');
  assert.equal(chosen([], [CP850], 'CP850'), 'CP850 missing');
  assert.equal(chosen([], ['Jos\xe9 \x96 A'], undefined), 'WINDOWS-1252 missing');
  assert.equal(chosen([], [LATIN1], 'ISO_IR 192'), 'ISO_IR 100 missing'); // a default that cannot be
  assert.equal(chosen([], [LATIN1], 'nonsense'), 'ISO_IR 100 missing');
});

test('rightly declared', () => {
  assert.equal(chosen(['ISO_IR 100'], [LATIN1]), 'ISO_IR 100');
  assert.equal(chosen(['ISO_IR 192'], [UTF8]), 'ISO_IR 192');
  assert.equal(chosen(['ISO_IR 192'], ['Munoz'], 'CP850'), 'ISO_IR 192');
  assert.equal(chosen(['ISO_IR 110'], ['\xd3\xba']), 'ISO_IR 110'); // Latvian Ķē, by chance valid UTF-8
  assert.equal(chosen(['', 'ISO 2022 IR 149'], ['\x1b$)C\xb1\xe8']), 'ISO 2022 IR 6\\ISO 2022 IR 149');
  assert.equal(chosen(['GB18030'], ['\xcd\xf5^\xd0\xa1\xb6\xab']), 'GB18030');
});

test('wrongly declared', () => {
  assert.equal(chosen(['ISO_IR 100'], [UTF8]), 'ISO_IR 192 wrong');
  assert.equal(chosen(['ISO_IR 6'], [UTF8]), 'ISO_IR 192 wrong');
  assert.equal(chosen(['ISO_IR 6'], [LATIN1]), 'ISO_IR 100 wrong');
  assert.equal(chosen(['ISO_IR 144'], ['\xd0\xaf\xd0\xbd^\xd0\x9f\xd1\x91']), 'ISO_IR 192 wrong');
  assert.equal(chosen(['', 'ISO 2022 IR 87'], ['\xe5\xb1\xb1\xe7\x94\xb0^\xe5\xa4\xaa']), 'ISO_IR 192 wrong');
  assert.equal(chosen(['ISO_IR 192'], [LATIN1]), 'ISO_IR 100 wrong');
  assert.equal(chosen(['ISO_IR 192'], ['^Jos\xe9']), 'ISO_IR 100 wrong');
  assert.equal(chosen(['ISO_IR 192'], [LATIN1], 'CP850'), 'CP850 wrong');
  assert.equal(chosen(['ISO_IR 100'], [CP850], 'CP850'), 'CP850 wrong');
  assert.equal(chosen(['ISO_IR 100'], ['Jos\xe9 \x96']), 'WINDOWS-1252 wrong');
});

test('UTF-8 that a device cut off, or mixed with a few other values, stays UTF-8', () => {
  assert.equal(chosen(['ISO_IR 192'], ['Mu\xc3\xb1oz^Jos\xc3']), 'ISO_IR 192');
  assert.equal(chosen(['ISO_IR 192'], [UTF8, UTF8, LATIN1]), 'ISO_IR 192');
});

test('unknown and misspelled terms', () => {
  assert.equal(chosen(['ISO-8859-1'], [LATIN1]), 'ISO_IR 100 unknown-term');
  assert.equal(chosen(['ISO 2022 IR 100'], ['abc']), 'ISO_IR 100 unknown-term');
  assert.equal(chosen(['utf8'], [UTF8]), 'ISO_IR 192 unknown-term');
  assert.equal(chosen(['ISO-8859-1'], [UTF8]), 'ISO_IR 192 wrong');
  assert.equal(chosen(['KLINGON'], ['abc']), 'ISO_IR 6 unknown-term');
  assert.equal(chosen(['KLINGON'], [UTF8]), 'ISO_IR 192 unknown-term');
  assert.equal(chosen(['KLINGON'], [LATIN1]), 'ISO_IR 100 unknown-term');
});
