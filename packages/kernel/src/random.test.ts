import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRandom } from './random.ts';

const draw = (seed: string | number, count = 64): number[] => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => random.uint32());
};

test('the same seed gives the same numbers, another seed others', () => {
  assert.deepEqual(draw('a'), draw('a'));
  assert.notDeepEqual(draw('a'), draw('b'));
  assert.notDeepEqual(draw(1), draw(2));
  assert.equal(new Set(draw('', 1000)).size, 1000);
});

test('a fork depends on the seed and its label only', () => {
  const [drawn, fresh] = [createRandom('a'), createRandom('a')];
  drawn.uint32();
  assert.equal(drawn.fork('x').uint32(), fresh.fork('x').uint32());
  assert.notEqual(fresh.fork('x').uint32(), fresh.fork('y').uint32());
});

test('numbers are spread evenly and stay in their bounds', () => {
  const random = createRandom('spread');
  const counts = new Array<number>(10).fill(0);
  for (let index = 0; index < 100_000; index++) {
    const drawn = random.below(10);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 9_500 && count < 10_500, String(counts));
  const chances = Array.from({ length: 10_000 }, () => random.chance(0.25)).filter(Boolean).length;
  assert.ok(chances > 2_300 && chances < 2_700, String(chances));
  assert.equal(random.below(1), 0);
  assert.throws(() => random.pick([]), RangeError);
});
