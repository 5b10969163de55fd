import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { CURP_STATES, curpCheckDigit, looksLikeCurp, parseCurp } from './curp.ts';

type Vectors = {
  regex: string;
  validPublished: string[];
  checkDigitOnly: Record<string, string>;
  validFictitious: { curp: string }[];
  invalid: { curp: string; why: string }[];
};

const readJson = (name: string): unknown => JSON.parse(readFileSync(sharedPath('reference-data', name), 'utf8'));

test('published and made vectors', (t) => {
  if (!needsShared(t)) return;
  const vectors = readJson('curp_rules_and_vectors.json') as Vectors;
  const valid = [...vectors.validPublished, ...vectors.validFictitious.map(({ curp }) => curp)];
  for (const curp of valid) {
    const parsed = parseCurp(curp);
    assert.ok(typeof parsed === 'object', `${curp}: ${parsed}`);
    assert.equal(parsed.text, curp);
    assert.ok(new RegExp(vectors.regex).test(curp));
  }
  for (const [first17, digit] of Object.entries(vectors.checkDigitOnly)) assert.equal(curpCheckDigit(first17), digit);
  const refusals = vectors.invalid.map(({ curp, why }) => [why, parseCurp(curp)]);
  assert.deepEqual(refusals, [
    ['check digit', 'check-digit'],
    ['month 13', 'date'],
    ['state XX', 'state'],
    ['Ñ is never used, it becomes X', 'letters'],
    ['format', 'length'],
  ]);
});

test('federal entities are those of the catalogue, and abroad', (t) => {
  if (!needsShared(t)) return;
  const states = readJson('mx_states.json') as { curp: string }[];
  assert.deepEqual([...CURP_STATES].sort(), [...states.map(({ curp }) => curp), 'NE'].sort());
});

const withDigit = (first17: string): string => first17 + curpCheckDigit(first17);

test('what a CURP says', () => {
  assert.deepEqual(parseCurp(' sabc560626mdflrn01\u0020'), {
    text: 'SABC560626MDFLRN01',
    birthDate: '1956-06-26',
    sex: 'M',
    state: 'DF',
  });
  const of = (first17: string): unknown => parseCurp(withDigit(first17));
  assert.deepEqual(of('GALA040229MDFRPNA'), {
    text: 'GALA040229MDFRPNA1',
    birthDate: '2004-02-29',
    sex: 'M',
    state: 'DF',
  });
  assert.equal(of('GALA000229MDFRPN0'), 'date', '1900 had no 29 February');
  assert.equal((of('GALA000229MDFRPNA') as { birthDate: string }).birthDate, '2000-02-29');
  assert.equal(of('GALA010431MDFRPN0'), 'date');
  assert.equal(of('GALA010430ADFRPN0'), 'sex');
  assert.equal(of('GBLA010430MDFRPN0'), 'letters', 'the second letter is a vowel or X');
  assert.equal(of('GALA010430MDFRAN0'), 'letters', 'no vowel within');
  assert.equal(of('GÑLA010430MDFRPN0'), 'letters');
  assert.equal(parseCurp(''), 'length');
  assert.equal(parseCurp('SABC560626MDFLRN01\n\n1'), 'length');
});

test('what was meant as one is known by its shape', () => {
  for (const text of ['MOTR930411HJCRMN06', 'motr931311hxxrmñ06', ' MOTR999999ZZZZZZZ9 '])
    assert.ok(looksLikeCurp(text), text);
  for (const text of ['', 'INVALID_CURP', 'MOTR930411HJCRMN0', 'P1', '123456789012345678', 'MOTR93O411HJCRMN06'])
    assert.ok(!looksLikeCurp(text), text);
});
