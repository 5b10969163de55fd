import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { foldName, foldText, namePatternToRegex, nameWords } from './person-name.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const nameLike = fc.string({ unit: fc.constantFrom('a', 'É', 'ñ', '^', '=', ' ', '山', 'ß', '.'), maxLength: 30 });
const anyName = fc.oneof(anyText, nameLike);

test('folding twice is folding once, and composed and decomposed text fold alike', () =>
  fc.assert(
    fc.property(anyText, (text) => {
      const folded = foldText(text);
      assert.equal(foldText(folded), folded);
      assert.equal(foldText(text.normalize('NFD')), foldText(text.normalize('NFC')));
      assert.doesNotMatch(folded, /\p{Cc}|^ | $| {2}/u);
    }),
    { numRuns: 2000 },
  ));

test('a key is empty or framed, and its groups are not empty', () =>
  fc.assert(fc.property(anyName, (name) => assert.match(foldName(name), /^(|=([^=]+=)+)$/))));

test('every name is found by itself, by its words and by its beginning', () =>
  fc.assert(
    fc.property(anyName, (name) => {
      const literal = name.replaceAll(/[*?\ue000\ue001]/g, '');
      const key = foldName(literal);
      assert.match(key, new RegExp(namePatternToRegex(literal)));
      for (const word of nameWords(literal)) assert.match(key, new RegExp(namePatternToRegex(`*${word}*`)));
      const [, first = ''] = key.split('=');
      assert.match(key, new RegExp(namePatternToRegex(`${first}*`)));
    }),
  ));

test('any pattern is a valid expression', () =>
  fc.assert(fc.property(anyText, (pattern) => void new RegExp(namePatternToRegex(pattern)))));
