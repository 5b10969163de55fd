import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dateTimeEnds } from './date-time.ts';
import { dateBound, foldedLikeOf, likeOf, nameTest, timeBound } from './patterns.ts';

test('wildcards of DICOM are those of LIKE; what LIKE would take for one is not', () => {
  assert.equal(likeOf('a*b?c'), 'a%b_c');
  assert.equal(likeOf('50%_\\x**'), '50\\%\\_\\\\x%');
  assert.equal(foldedLikeOf('  tórax  *ñ?＊'), 'TORAX %N_*');
});

test('names by LIKE where it says the same', () => {
  const cases: Readonly<Record<string, object | undefined>> = {
    'Núñez*': { operator: 'like', operand: '%=NUNEZ%' },
    'Núñez^Ana': { operator: 'like', operand: '%=NUNEZ^ANA=%' },
    '*ñ%*': { operator: 'like', operand: '%N\\%%' },
    '*Ana': { operator: 'like', operand: '%ANA=%' },
    'N?ñez*': { operator: '~', operand: '=N[^=]NEZ[^=]*=' },
    '': undefined,
    '*': undefined,
  };
  for (const [pattern, expected] of Object.entries(cases))
    assert.deepEqual(nameTest(pattern, false), expected, pattern);
  assert.deepEqual(nameTest('Núñez*', true), { operator: 'like', operand: '=NUNEZ%' });
});

test('ends of dates, times and moments', () => {
  assert.equal(dateBound('20250102', 'from'), '2025-01-02');
  assert.deepEqual([dateBound('20250229', 'from'), dateBound('20250229', 'to')], ['2025-03-01', '2025-02-28']);
  assert.equal(dateBound('00000101', 'to'), '-infinity');
  assert.deepEqual([timeBound('12', 'from'), timeBound('12', 'to')], ['120000.000000', '125959.999999']);
  assert.deepEqual([timeBound('1200', 'to'), timeBound('120000.5', 'to')], ['120059.999999', '120000.599999']);
  assert.deepEqual(dateTimeEnds('19700101'), { from: 0, to: 86_400e6 - 1 });
  assert.deepEqual(dateTimeEnds('19700101000001.5+0100'), { from: -3598.5e6, to: -3598.4e6 - 1 });
  assert.deepEqual(dateTimeEnds('1969'), { from: -365 * 86_400e6, to: -1 });
  assert.equal(dateTimeEnds('today'), undefined);
});
