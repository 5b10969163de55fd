import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CURP_STATES, curpCheckDigit, looksLikeCurp, parseCurp } from './curp.ts';

const letters = (from: string, length: number) =>
  fc.array(fc.constantFrom(...from), { minLength: length, maxLength: length }).map((each) => each.join(''));
const CAPITALS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const CONSONANTS = 'BCDFGHJKLMNPQRSTVWXYZ';

/** Every CURP that the rules allow. */
const anyCurp = fc
  .record({
    initials: fc.tuple(letters(CAPITALS, 1), letters('AEIOUX', 1), letters(CAPITALS, 2)),
    born: fc.date({ min: new Date('1900-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
    sex: fc.constantFrom('H', 'M', 'X'),
    state: fc.constantFrom(...CURP_STATES),
    consonants: letters(CONSONANTS, 3),
    homoclave: fc.nat(25),
  })
  .map(({ initials, born, sex, state, consonants, homoclave }) => {
    const date = born.toISOString().slice(0, 10);
    const letter = date < '2000' ? String(homoclave % 10) : (CAPITALS[homoclave] as string);
    const first17 = [...initials, date.slice(2).replaceAll('-', ''), sex, state, consonants, letter].join('');
    return { text: first17 + curpCheckDigit(first17), birthDate: date, sex, state };
  });

test('what the rules make is valid, and says what it was made of, however it is written', () =>
  fc.assert(
    fc.property(anyCurp, (curp) => {
      assert.deepEqual(parseCurp(curp.text), curp);
      assert.deepEqual(parseCurp(`  ${curp.text.toLowerCase()} `), curp);
      assert.ok(looksLikeCurp(curp.text));
    }),
  ));

test('one character mistyped is never taken for the same person, and rarely for a CURP', () => {
  let accepted = 0;
  let tried = 0;
  fc.assert(
    fc.property(anyCurp, fc.nat(17), fc.constantFrom(...CAPITALS, ...'0123456789'), ({ text }, at, character) => {
      if (text[at] === character) return;
      const parsed = parseCurp(text.slice(0, at) + character + text.slice(at + 1));
      tried += 1;
      if (typeof parsed === 'object') accepted += 1;
      assert.notEqual(typeof parsed === 'object' ? parsed.text : '', text);
    }),
    { numRuns: 2000 },
  );
  assert.ok(accepted < tried / 8, `${accepted} of ${tried}`);
});

test('any text is a CURP or refused for a reason; a CURP looks like one', () =>
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), letters('ABH01Ñ', 18)), (text) => {
      const parsed = parseCurp(text);
      if (typeof parsed === 'object') assert.ok(looksLikeCurp(text));
      else assert.ok(parsed.length > 0);
    }),
    { numRuns: 2000 },
  ));
