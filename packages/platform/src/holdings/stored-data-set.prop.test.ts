import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cut } from './stored-data-set.ts';

test('a stretch of a stream is the stretch of its bytes, and the stream is closed', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 9 }), { maxLength: 6 }),
      fc.nat(30),
      fc.nat(30),
      async (chunks, offset, length) => {
        let isClosed = false;
        async function* stream(): AsyncGenerator<Uint8Array> {
          try {
            yield* chunks;
          } finally {
            isClosed = true;
          }
        }
        const whole = Buffer.concat(chunks);
        const got = Buffer.concat(await Array.fromAsync(cut(stream(), offset, length)));
        assert.deepEqual(got, whole.subarray(offset, offset + length));
        assert.ok(isClosed || length === 0);
      },
    ),
    { numRuns: 300 },
  ));
