import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CURP_STATES } from './curp.ts';
import { STATES, stateByInegi, stateByLetters, stateOfClues } from './states.ts';

test('there are 32 states, numbered in their order, with the letters that a CURP has for them', () => {
  assert.deepEqual(
    STATES.map(({ inegi }) => Number(inegi)),
    Array.from({ length: 32 }, (_, index) => index + 1),
  );
  assert.deepEqual(
    STATES.map(({ letters }) => letters).toSorted(),
    CURP_STATES.filter((letters) => letters !== 'NE').toSorted(),
  );
  for (const field of ['iso', 'name', 'nameOfficial'] as const)
    assert.equal(new Set(STATES.map((state) => state[field])).size, 32, field);
});

test('a state is found by its codes', () => {
  assert.equal(stateByInegi('14')?.name, 'Jalisco');
  assert.equal(stateByInegi('30')?.nameOfficial, 'Veracruz de Ignacio de la Llave');
  assert.equal(stateByLetters('DF')?.iso, 'MX-CMX');
  for (const none of ['00', '33', '1', '']) assert.equal(stateByInegi(none), undefined);
  assert.equal(stateByLetters('NE'), undefined);
});

test('a CLUES tells the state that it stands in, or is none', () => {
  assert.equal(stateOfClues('ASIMS000185')?.inegi, '01');
  assert.equal(stateOfClues('GTSSA016580')?.inegi, '11');
  for (const none of ['XXSSA000123', 'JCSSA00123', 'jcssa000123', 'JCSSA0001234', ' JCSSA000123', ''])
    assert.equal(stateOfClues(none), undefined);
});
