import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, deflateSync } from 'node:zlib';
import { concat, equalBytes, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { PARSE_LIMITS } from './data-set/limits.ts';
import { deflate, inflate } from './deflate.ts';

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Everything that comes before the end or the failure. */
async function gather(chunks: AsyncIterable<Uint8Array>): Promise<{ bytes: Uint8Array; code: string | undefined }> {
  const parts: Uint8Array[] = [];
  try {
    for await (const chunk of chunks) parts.push(chunk);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return { bytes: concat(parts), code: thrown.code };
  }
  return { bytes: concat(parts), code: undefined };
}

const inflated = (bytes: Uint8Array, size = 1000) => gather(inflate(chunksOf(bytes, size)));

const anyText = fc
  .array(fc.constantFrom('ISO_IR 100', '1.2.840.', '\0\0', 'DICOM', '7'), { maxLength: 2000 })
  .map((words) => latin1Bytes(words.join('')));
const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 5000 }), anyText);
const anyLevel = fc.record({ level: fc.integer({ min: 0, max: 9 }), strategy: fc.integer({ min: 0, max: 4 }) });

test('what zlib deflates is inflated, at every level and in any chunks', () =>
  fc.assert(
    fc.asyncProperty(anyBytes, anyLevel, fc.integer({ min: 1, max: 3000 }), async (bytes, options, size) => {
      assert.deepEqual(await inflated(deflateRawSync(bytes, options), size), {
        bytes: Uint8Array.from(bytes),
        code: undefined,
      });
    }),
  ));

test('what is deflated here is inflated again, and even', () =>
  fc.assert(
    fc.asyncProperty(anyBytes, fc.integer({ min: 1, max: 3000 }), async (bytes, size) => {
      const { bytes: deflated } = await gather(deflate(chunksOf(bytes, size)));
      assert.equal(deflated.length % 2, 0);
      assert.deepEqual(await inflated(deflated, size), { bytes: Uint8Array.from(bytes), code: undefined });
    }),
    { numRuns: 30 },
  ));

test('bytes behind the end are ignored: the padding byte and garbage', async () => {
  const bytes = latin1Bytes('a data set '.repeat(20_000));
  for (const behind of [1, 5000]) {
    const padded = concat([deflateRawSync(bytes), new Uint8Array(behind)]);
    for (const size of [1, 100_000]) {
      const result = await inflated(padded, size);
      assert.equal(result.code, undefined);
      assert.ok(equalBytes(result.bytes, bytes));
    }
  }
});

test('a cut stream gives what it has, then fails as truncated', () =>
  fc.assert(
    fc.asyncProperty(anyText, fc.double({ min: 0, max: 0.99, noNaN: true }), async (bytes, part) => {
      const deflated = deflateRawSync(bytes);
      const cut = deflated.subarray(0, Math.floor(deflated.length * part));
      const result = await inflated(cut, 100);
      assert.equal(result.code, 'parse/truncated');
      assert.ok(equalBytes(result.bytes, bytes.subarray(0, result.bytes.length)));
    }),
  ));

test('a zlib header in front is passed over', async () => {
  const bytes = latin1Bytes('a data set '.repeat(500));
  for (const level of [0, 1, 6, 9]) {
    assert.ok(equalBytes((await inflated(deflateSync(bytes, { level }), 1)).bytes, bytes), String(level));
  }
});

test('any noise is inflated or fails as parse/*', () =>
  fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (noise, size) => {
      const { code } = await inflated(noise, size);
      assert.ok(code === undefined || code.startsWith('parse/'));
    }),
    { numRuns: 2_000 },
  ));

test('a bomb fails once it is out of proportion, having given no more than is free', async () => {
  const bomb = deflateRawSync(new Uint8Array(40 << 20));
  const { bytes, code } = await inflated(bomb);
  assert.equal(code, 'parse/limit');
  assert.ok(bytes.length <= PARSE_LIMITS.inflatedBytesFree);
});

test('a failing source fails the deflated stream, and a reader may leave early', async () => {
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(10);
    throw new Failure('parse/truncated', 'of the source');
  }
  assert.equal((await gather(deflate(failing()))).code, 'parse/truncated');
  const noise = crypto.getRandomValues(new Uint8Array(60_000));
  let left = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield noise;
    } finally {
      left = true;
    }
  }
  for await (const chunk of deflate(endless())) if (chunk.length > 0) break;
  assert.equal(left, true);
});
