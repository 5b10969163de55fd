import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { gzipText, type JsonPiece, jsonArray, jsonPiece, plainText } from './json-piece.ts';

async function* piecesOf(values: readonly (readonly unknown[])[]): AsyncGenerator<JsonPiece> {
  for (const each of values) yield jsonPiece(Buffer.from(each.map((value) => JSON.stringify(value)).join(',')));
}

const textOf = async (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(chunks));

test('pieces put together are one JSON array, plain and as one gzip member', () =>
  fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.jsonValue(), { maxLength: 4 }), { maxLength: 5 }), async (values) => {
      const plain = await textOf(plainText(jsonArray(piecesOf(values))));
      assert.deepEqual(JSON.parse(plain.toString()), JSON.parse(JSON.stringify(values.flat())));
      assert.deepEqual(gunzipSync(await textOf(gzipText(jsonArray(piecesOf(values))))), plain);
    }),
    { numRuns: 100 },
  ));
