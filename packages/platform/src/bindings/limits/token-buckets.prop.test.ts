import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TokenBuckets } from './token-buckets.ts';

const anyRate = fc.record({ perSecond: fc.integer({ min: 1, max: 500 }), burst: fc.integer({ min: 1, max: 200 }) });
/** Each question: how long after the one before, in milliseconds. */
const anyQuestions = fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 1, maxLength: 300 });

test('within any span of time no key gets more than its burst and what came back meanwhile', () => {
  fc.assert(
    fc.property(anyRate, anyQuestions, (rate, waits) => {
      const buckets = new TokenBuckets(rate);
      let nowMs = 0;
      const takenMs: number[] = [];
      for (const wait of waits) {
        nowMs += wait;
        if (buckets.take('a', nowMs)) takenMs.push(nowMs);
      }
      takenMs.forEach((from, first) => {
        takenMs.slice(first).forEach((to, more) => {
          const most = rate.burst + ((to - from) / 1000) * rate.perSecond;
          assert.ok(more + 1 <= most + 1e-6, `${more + 1} of ${most} in ${to - from} ms`);
        });
      });
    }),
  );
});

test('who asks no faster than the rate is never refused', () => {
  fc.assert(
    fc.property(anyRate, fc.integer({ min: 1, max: 300 }), (rate, count) => {
      const buckets = new TokenBuckets(rate);
      const everyMs = Math.ceil(1000 / rate.perSecond);
      for (let asked = 0; asked < count; asked++) assert.ok(buckets.take('a', asked * everyMs));
    }),
  );
});

test('a key takes nothing from another one, and a refusal takes nothing', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 2 });
  const took = (key: string, nowMs: number): boolean => buckets.take(key, nowMs);
  assert.deepEqual([took('a', 0), took('a', 0), took('a', 0), took('a', 999)], [true, true, false, false]);
  assert.deepEqual([took('b', 0), took('b', 0), took('b', 0)], [true, true, false]);
  assert.equal(took('a', 1000), true);
});

test('however many keys ask, as many are remembered as were agreed', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 100);
  for (let key = 0; key < 1000; key++) buckets.take(`key ${key}`, key);
  assert.equal(buckets.size, 100);
  assert.equal(buckets.take('key 999', 999), false);
});

test('a rate of 0 is no limit, and remembers nobody', () => {
  const buckets = new TokenBuckets({ perSecond: 0, burst: 0 });
  for (let asked = 0; asked < 1000; asked++) assert.ok(buckets.take('a', 0));
  assert.equal(buckets.size, 0);
});
