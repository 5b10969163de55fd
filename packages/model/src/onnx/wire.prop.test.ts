import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { reluModel } from './onnx.fixture.ts';
import { readOnnx } from './read.ts';
import { fieldsOf } from './wire.ts';
import { bytes, float, integer, message } from './write.ts';

const fields = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 0x1fffffff }),
    fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.uint8Array({ maxLength: 200 })),
  ),
);

test('what is written is read', () =>
  fc.assert(
    fc.property(fields, (sent) => {
      const written = message(
        ...sent.map(([number, value]) => (typeof value === 'bigint' ? integer(number, value) : bytes(number, value))),
      );
      assert.deepEqual(
        [...fieldsOf(written)].map(({ number, value }) => [number, value]),
        sent,
      );
    }),
  ));

test('a fixed-width number comes as its four bytes', () => {
  assert.deepEqual([...fieldsOf(float(2, 1))], [{ number: 2, value: Uint8Array.of(0, 0, 0x80, 0x3f) }]);
});

const isMalformed = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'model/onnx-malformed';

test('any bytes are read or are malformed, never another error', () =>
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      try {
        readOnnx(noise);
      } catch (thrown) {
        assert.ok(isMalformed(thrown), String(thrown));
      }
    }),
    { numRuns: 2_000 },
  ));

test('a sound file with bytes changed or cut is read or malformed', () => {
  const sound = reluModel();
  fc.assert(
    fc.property(fc.nat(sound.length - 1), fc.nat(255), fc.nat(sound.length), (at, byte, length) => {
      const altered = sound.slice(0, length);
      if (at < length) altered[at] = byte;
      try {
        readOnnx(altered);
      } catch (thrown) {
        assert.ok(isMalformed(thrown), String(thrown));
      }
    }),
    { numRuns: 2_000 },
  );
});
