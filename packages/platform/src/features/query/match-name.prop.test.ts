import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldName, foldText, namePatternToRegex, nameWords } from '@acervo/dicom/person-name.ts';
import fc from 'fast-check';
import { matchesName, matchesPattern, matchesWords } from './match-name.ts';
import {
  ANY,
  asLetters,
  beginningOf,
  foldedRegexOf,
  fuzzyWords,
  lettersOf,
  lettersOfWord,
  marked,
  nameTest,
  ONE,
  wordLettersOf,
  wordRegexOf,
} from './patterns.ts';
import { unfolded } from './unfolded.ts';

const letters = fc.constantFrom(..."AaÁñÑnN^=  .-'ßæS1_%\\");
const pieces = fc.constantFrom('*', '?', 'NU', 'ñe', 'Z^', '=', ' ', 'PEÑA', 'ß', '.', '-', '^*', '%');
const text = fc.array(letters, { maxLength: 14 }).map((all) => all.join(''));
const pattern = fc.array(fc.oneof(pieces, letters), { minLength: 1, maxLength: 6 }).map((all) => all.join(''));
/** What LIKE of PostgreSQL finds. */
const isLike = (value: string, like: string): boolean => {
  const tokens = like.match(/\\.|./gsu) ?? [];
  const wanted = tokens.map((token) => (token === '%' ? ANY : token === '_' ? ONE : (token.at(-1) ?? ''))).join('');
  return matchesPattern(value, wanted);
};

test('a name is found by LIKE, by a regular expression and by looking alike', () => {
  fc.assert(
    fc.property(text, pattern, (name, wanted) => {
      const key = foldName(name);
      const regex = new RegExp(namePatternToRegex(wanted), 'u').test(key);
      const found = nameTest(wanted, false);
      if (found?.operator === 'like') assert.equal(isLike(key, found.operand), regex);
      assert.equal(matchesName(name, wanted), regex);
      const first = nameTest(wanted, true);
      if (
        first !== undefined &&
        (first.operator === 'like' ? isLike(key, first.operand) : new RegExp(first.operand, 'u').test(key))
      )
        assert.ok(regex && key.startsWith(beginningOf(wanted) ?? ''));
      if (regex) for (const each of lettersOf(wanted)) assert.ok(asLetters(key).includes(each));
    }),
    { numRuns: 3_000 },
  );
});

test('words are found by their letters, by a regular expression and by looking alike', () => {
  fc.assert(
    fc.property(text, pattern, (name, wanted) => {
      const words = nameWords(name)
        .map((word) => ` ${word}`)
        .join('');
      const found = fuzzyWords(wanted).every((word) => new RegExp(wordRegexOf(word), 'u').test(words));
      assert.equal(matchesWords(name, wanted), found);
      const key = foldName(name);
      for (const word of fuzzyWords(wanted)) {
        const isFound = new RegExp(wordRegexOf(word), 'u').test(key);
        const whole = wordLettersOf(word);
        if (whole !== undefined) assert.equal(asLetters(key).includes(whole), isFound);
        if (isFound) for (const each of lettersOfWord(word)) assert.ok(asLetters(key).includes(each));
      }
    }),
    { numRuns: 3_000 },
  );
});

test('what is found folded is found as it was sent', () => {
  const sent = fc
    .array(fc.constantFrom(...'aÁàñÑn\u0303Žž ', 'ß', 'Æ', 'ﬁ', 'SS', 'Ω', 'Ж', '山', '1', '.', '(', '\u200b'), {
      minLength: 1,
      maxLength: 10,
    })
    .map((all) => all.join(''))
    .filter((value) => foldText(value) !== '');
  fc.assert(
    fc.property(sent, (value) => {
      const regex = (pattern: string): RegExp => new RegExp(unfolded(foldedRegexOf(pattern)), 'u');
      const folded = foldText(value);
      assert.match(value.trim(), regex(folded));
      assert.match(value.trim(), regex(`${folded}*`));
      assert.doesNotMatch(value.trim(), regex(`${folded}x`));
    }),
    { numRuns: 3_000 },
  );
});

test('a pattern of many asterisks takes no time', () => {
  const began = performance.now();
  assert.equal(matchesPattern('A'.repeat(1_000), marked(`${'*A'.repeat(200)}B`)), false);
  assert.ok(performance.now() - began < 1_000);
});
