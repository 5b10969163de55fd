import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WaitingRoom } from './waiting-room.ts';

const anyLimits = fc.record({ max: fc.integer({ min: 1, max: 30 }), perKeyMax: fc.integer({ min: 1, max: 30 }) });
/** Who comes, or, where a number stands, which item leaves. */
const anySteps = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c'), fc.nat(400)), { maxLength: 400 });

test('neither all together nor one key are more than agreed; the youngest is always in, the oldest goes', () => {
  fc.assert(
    fc.property(anyLimits, anySteps, (limits, steps) => {
      const here: { key: string; item: number }[] = [];
      const room = new WaitingRoom<number>({
        ...limits,
        evict: (item) => {
          const at = here.findIndex((each) => each.item === item);
          const { key } = here[at] ?? { key: '' };
          const isOldestOfKey = here.findIndex((each) => each.key === key) === at;
          assert.ok(at >= 0 && isOldestOfKey, `${item} had to go`);
          here.splice(at, 1);
        },
      });
      steps.forEach((step, item) => {
        if (typeof step === 'number') {
          const at = here.findIndex((each) => each.item === step);
          assert.equal(room.leave(step), at >= 0);
          if (at >= 0) here.splice(at, 1);
        } else {
          here.push({ key: step, item });
          room.enter(step, item);
          assert.equal(here.at(-1)?.item, item);
        }
        assert.equal(room.size, here.length);
        assert.ok(room.size <= limits.max);
        for (const key of ['a', 'b', 'c']) {
          assert.equal(room.sizeOf(key), here.filter((each) => each.key === key).length);
          assert.ok(room.sizeOf(key) <= limits.perKeyMax);
        }
      });
    }),
  );
});

test('who leaves before the flood has gone through it is not asked to go', () => {
  const gone: string[] = [];
  const room = new WaitingRoom<string>({ max: 10, perKeyMax: 10, evict: (item) => gone.push(item) });
  room.enter('sender', 'sender');
  assert.equal(room.leave('sender'), true);
  for (let each = 0; each < 100; each++) room.enter(`address ${each}`, `silent ${each}`);
  assert.equal(gone.length, 90);
  assert.equal(gone.includes('sender'), false);
});
