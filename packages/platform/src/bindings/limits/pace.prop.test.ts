import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Pace } from './pace.ts';

const anyChunks = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 500 }), waitedMs: fc.nat(50) }), {
  maxLength: 300,
});

test('a sender that is slower than the pace runs out of patience, in any cutting of its bytes', () => {
  fc.assert(
    fc.property(anyChunks, (chunks) => {
      const pace = new Pace(1000, 4000);
      let [bytes, waitedMs] = [0, 0];
      for (const chunk of chunks) {
        pace.came(chunk.bytes, chunk.waitedMs);
        bytes += chunk.bytes;
        waitedMs += chunk.waitedMs;
        if (bytes >= 4000) [bytes, waitedMs] = [0, 0];
        assert.equal(pace.leftMs, Math.max(0, 1000 - waitedMs));
      }
    }),
  );
});

test('one byte a second does not renew the patience, and a sender that is fast enough never loses it', () => {
  const slow = new Pace(120_000, 16_384);
  for (let second = 0; second < 120; second++) slow.came(1, 1000);
  assert.equal(slow.leftMs, 0);
  const fast = new Pace(120_000, 16_384);
  for (let second = 0; second < 100_000; second++) {
    fast.came(200, 1000);
    assert.ok(fast.leftMs > 0);
  }
});
