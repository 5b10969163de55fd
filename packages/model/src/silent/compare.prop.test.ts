import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CELL_MIN, type Counts, countSaid, disclosed, suppressed } from './compare.ts';
import { saidOf } from './said.ts';

test('no small count is told, and with the total known none can be had by subtraction', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 12 }), (counts) => {
      const told = suppressed(counts);
      for (const [at, count] of told.entries()) {
        assert.ok(count === null || (count === counts[at] && count >= CELL_MIN));
      }
      const hidden = counts.filter((_, at) => told[at] === null);
      const sum = hidden.reduce((all, count) => all + count, 0);
      const isAll = hidden.length === counts.length;
      assert.ok(hidden.length === 0 || isAll || (hidden.length > 1 && sum >= CELL_MIN), `${counts} told ${told}`);
    }),
  );
});

test('what need not be hidden is told', () => {
  assert.deepEqual(suppressed([40, 160]), [40, 160]);
  assert.deepEqual(suppressed([3, 197]), [null, null]);
  assert.deepEqual(suppressed([3, 50, 147]), [null, null, 147]);
  assert.deepEqual(suppressed([2, 4, 194]), [null, null, 194]);
});

const output = { name: 'o', encode: [] };
const decision = { output: 'o', threshold: 0.3, abstains: false };

test('what a run says: by operating point, by label, drawn or not', () => {
  const score = { outputs: [{ ...output, kind: 'score' as const }] };
  assert.deepEqual(saidOf(score, { o: [0.7] }, []), [{ of: 'o', says: null, mayAbstain: false, score: 0.7 }]);
  const decided = [
    { ...decision, operatingPoint: 'a', score: 0.7, isPositive: true },
    { ...decision, operatingPoint: 'b', score: 0.7, isPositive: true, abstains: true },
  ];
  assert.deepEqual(
    saidOf({ outputs: [{ ...output, kind: 'score', abstain: { low: 0.6, high: 0.8 } }] }, { o: [0.9] }, decided),
    [
      { of: 'o@a', says: 'present', mayAbstain: true, score: 0.7 },
      { of: 'o@b', says: 'indeterminate', mayAbstain: true, score: 0.7 },
    ],
  );
  const scores = { outputs: [{ ...output, kind: 'scores' as const, labels: ['x'] }] };
  assert.deepEqual(
    saidOf(scores, { o: [0.1, 0.2] }, []).map(({ of }) => of),
    ['o/x', 'o/1'],
  );
  const mask = { outputs: [{ ...output, kind: 'mask' as const }] };
  assert.deepEqual(saidOf(mask, { o: [0, 0.49] }, []), [{ of: 'o', says: 'absent', mayAbstain: false, score: null }]);
  assert.deepEqual(saidOf(mask, { o: [0, 0.5] }, []), [{ of: 'o', says: 'present', mayAbstain: false, score: null }]);
});

test('many studies are counts by class and by tenth of the score; beyond 0 and 1 at the ends', () => {
  const counts: Counts = new Map();
  for (let study = 0; study < 60; study++) {
    const score = study < 20 ? 0.35 : study < 40 ? 1.7 : -1;
    countSaid(counts, [{ of: 'o@a', says: study < 20 ? 'present' : 'absent', mayAbstain: false, score }]);
  }
  const [told] = disclosed(counts);
  assert.deepEqual(told?.of, 'o@a');
  assert.deepEqual(told?.says, [
    { name: 'present', count: 20 },
    { name: 'absent', count: 40 },
  ]);
  assert.deepEqual(
    told?.scores.filter(({ count }) => count !== null),
    [
      { name: '0.3', count: 20 },
      { name: '0.9', count: 20 },
    ],
    'one goes with the empty ones',
  );
  assert.deepEqual(disclosed(new Map([['m', { says: [30, 30, 0], scores: [0, 0] }]])), [
    {
      of: 'm',
      says: [
        { name: 'present', count: null },
        { name: 'absent', count: 30 },
        { name: 'indeterminate', count: null },
      ],
      scores: [],
    },
  ]);
});
