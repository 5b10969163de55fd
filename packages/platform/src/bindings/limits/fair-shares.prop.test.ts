import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FairShares } from './fair-shares.ts';

const anyMax = fc.integer({ min: 1, max: 60 });
/** Who comes, or, where a number stands, which of those who are in goes. */
const anySteps = fc.array(fc.oneof(fc.constantFrom('A', 'B', 'C', 'D'), fc.nat(100)), { maxLength: 400 });

type Inside = { party: string; leave: () => void };

test('places are counted, never overdrawn, and all free at the end', () => {
  fc.assert(
    fc.property(anyMax, anySteps, (max, steps) => {
      const shares = new FairShares(max);
      const inside: Inside[] = [];
      for (const step of steps) {
        if (typeof step === 'number') inside.splice(step % Math.max(1, inside.length), 1)[0]?.leave();
        else enterAs(shares, inside, step);
        assert.ok(inside.length <= max);
        assert.equal(shares.taken, inside.length);
      }
      for (const { leave } of inside) {
        leave();
        leave();
      }
      assert.deepEqual([shares.taken, shares.size], [0, 0]);
    }),
  );
});

test('whoever holds nothing gets a place as long as there is one', () => {
  fc.assert(
    fc.property(anyMax, anySteps, (max, steps) => {
      const shares = new FairShares(max);
      const inside: Inside[] = [];
      for (const step of steps) {
        if (typeof step === 'number') inside.splice(step % Math.max(1, inside.length), 1)[0]?.leave();
        else enterAs(shares, inside, step);
        const leave = shares.enter('NEW');
        assert.equal(leave !== undefined, inside.length < max);
        leave?.();
      }
    }),
  );
});

test('one party that takes all it gets leaves a quarter to the others, and cannot take that', () => {
  fc.assert(
    fc.property(fc.integer({ min: 8, max: 200 }), (max) => {
      const shares = new FairShares(max);
      const inside: Inside[] = [];
      while (enterAs(shares, inside, 'GREEDY')) assert.ok(inside.length <= max);
      assert.equal(inside.length, Math.floor(max * 0.75));
      const others: Inside[] = [];
      while (enterAs(shares, others, 'B') || enterAs(shares, others, 'C')) assert.ok(others.length <= max);
      assert.equal(inside.length + others.length, max);
      // What the greedy one gives back while it is nearly full, another one gets.
      inside.pop()?.leave();
      assert.equal(enterAs(shares, inside, 'GREEDY'), false);
      assert.equal(enterAs(shares, others, 'D'), true);
    }),
  );
});

test('where there is one party only, every place is its', () => {
  const shares = new FairShares(4, () => 1);
  const inside: Inside[] = [];
  while (enterAs(shares, inside, 'A')) assert.ok(inside.length <= 4);
  assert.equal(inside.length, 4);
});

function enterAs(shares: FairShares, inside: Inside[], party: string): boolean {
  const leave = shares.enter(party);
  if (leave !== undefined) inside.push({ party, leave });
  return leave !== undefined;
}
