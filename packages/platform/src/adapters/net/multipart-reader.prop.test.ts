import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multipartRelated } from '@acervo/interop/dicomweb/multipart.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { readMultipart } from './multipart-reader.ts';

const BOUNDARY = 'a-B';
const encoder = new TextEncoder();

/** Bytes in which pieces of the delimiter are frequent, but not the delimiter. */
const almostBoundary = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '-', '--', 'a', '\r\n--a', '\r\n--a-', 'B', 'x'), { maxLength: 40 })
  .map((pieces) => encoder.encode(pieces.join('')));
const content = fc
  .oneof(fc.uint8Array({ maxLength: 300 }), almostBoundary)
  .filter((bytes) => !Buffer.concat([Buffer.from('\r\n'), bytes]).includes(`\r\n--${BOUNDARY}`));
const cuts = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 20 });

async function* cutUp(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    yield bytes.slice(at, at + size);
    at += size;
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return concat(pieces);
}

test('what the writer writes the reader reads, in any chunking', () =>
  fc.assert(
    fc.asyncProperty(fc.array(content, { minLength: 1, maxLength: 6 }), cuts, async (bodies, sizes) => {
      const parts = bodies.map((body, index) => ({ headers: { 'Content-Location': `/${index}` }, body }));
      const written = await collect(multipartRelated('application/dicom', parts, BOUNDARY).body);
      const read: Uint8Array[] = [];
      for await (const part of readMultipart(cutUp(written, sizes), BOUNDARY)) {
        assert.equal(part.headers['content-location'], `/${read.length}`);
        read.push(await collect(part.body));
      }
      assert.deepEqual(
        read.map((body) => [...body]),
        bodies.map((body) => [...body]),
      );
    }),
    { numRuns: 500 },
  ));

test('any bytes read as parts or fail as request/invalid', () =>
  fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 400 }), almostBoundary), cuts, async (noise, sizes) => {
      const bytes = concat([encoder.encode(`--${BOUNDARY}\r\n`), noise]);
      try {
        for await (const part of readMultipart(cutUp(bytes, sizes), BOUNDARY)) await collect(part.body);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'request/invalid', String(thrown));
      }
    }),
    { numRuns: 500 },
  ));
