import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { decodeRle, encodeRle } from './rle.ts';

const anyFrame = fc
  .record({
    rows: fc.integer({ min: 1, max: 6 }),
    columns: fc.integer({ min: 1, max: 300 }),
    samples: fc.constantFrom(1, 3),
    width: fc.constantFrom(1, 2, 4),
    runs: fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 0, max: 255 })), { minLength: 1 }),
  })
  .map(({ rows, columns, samples, width, runs }) => {
    const bytes = new Uint8Array(rows * columns * samples * width);
    for (let at = 0, run = 0; at < bytes.length; run++) {
      const [length, value] = runs[run % runs.length] as [number, number];
      bytes.fill(run % 3 === 2 ? value ^ (run & 0xff) : value, at, at + length);
      at += length;
    }
    return { columns, samples, width, bytes };
  });

test('any frame comes back, whatever runs it has', () =>
  fc.assert(
    fc.property(anyFrame, ({ columns, samples, width, bytes }) => {
      const coded = encodeRle(bytes, columns, samples, width);
      assert.equal(coded.length % 2, 0);
      assert.deepEqual(decodeRle(coded, bytes.length, samples, width), bytes);
    }),
  ));

test('any bytes decode or fail as pixel/malformed', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, isHeaded) => {
      const bytes = isHeaded
        ? Uint8Array.of(2, 0, 0, 0, 64, 0, 0, 0, 70, 0, 0, 0, ...new Uint8Array(52), ...noise)
        : noise;
      try {
        assert.equal(decodeRle(bytes, 200, 1, 2).length, 200);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'pixel/malformed', String(thrown));
      }
    }),
    { numRuns: 1000 },
  ));

test('the most significant byte comes first (PS3.5 G.2)', () => {
  const coded = encodeRle(Uint8Array.of(0x34, 0x12, 0x34, 0x12), 2, 1, 2);
  const view = new DataView(coded.buffer, coded.byteOffset);
  assert.deepEqual([view.getUint32(0, true), view.getUint32(4, true), view.getUint32(8, true)], [2, 64, 66]);
  assert.deepEqual([...coded.subarray(64)], [255, 0x12, 255, 0x34]);
});

test('more than 15 segments are refused', () => {
  assert.throws(
    () => encodeRle(new Uint8Array(4 * 4 * 4), 1, 4, 4),
    (thrown) => thrown instanceof Failure && thrown.code === 'pixel/unsupported',
  );
});
