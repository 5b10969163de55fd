import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { mutate } from '@acervo/testkit/fixtures/mutate.ts';
import { generateSample } from '@acervo/testkit/fixtures/sample.ts';
import { charsetOf, readTerms } from '../charset/decode.ts';
import { readDataSet } from '../data-set/read.ts';
import { sourceOf } from '../data-set/source.ts';
import { frameBytes, readFrameIndex } from '../pixel/frames.ts';
import { T } from '../tags.ts';
import { findTransferSyntax } from '../transfer-syntax.ts';
import { fromDicomJson } from './from-json.ts';
import { toDicomJson } from './to-json.ts';

const ROUNDS = 2_000;
/** Header and some pixels: what is behind them is noise already. */
const BYTES_MAX = 4096;
const HERE: ReadonlySet<string> = new Set([
  'parse/malformed',
  'parse/truncated',
  'parse/limit',
  'parse/json',
  'retrieve/damaged',
]);

async function readAll(bytes: Uint8Array, transferSyntaxUid: string): Promise<void> {
  const syntax = findTransferSyntax(transferSyntaxUid);
  assert.ok(syntax);
  const { dataSet } = readDataSet(bytes, { syntax });
  const charset = charsetOf(readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value));
  fromDicomJson(toDicomJson(dataSet, { charset, inlineBytesMax: 1 << 20 }));
  const source = sourceOf(bytes);
  const index = await readFrameIndex(dataSet, source);
  for (let number = 1; number <= Math.min(3, index.frameCount); number++) await frameBytes(index, number, source);
}

test('damaged objects have JSON and frames, or fail as what they are', async () => {
  const random = createRandom('json and frames');
  const objects = [...generateSample({ seed: 'fuzz', studies: 3 })].map((object) => ({
    ...object,
    dataSet: object.dataSet.slice(0, BYTES_MAX),
  }));
  for (let round = 0; round < ROUNDS; round++) {
    const { dataSet, transferSyntaxUid } = random.pick(objects);
    try {
      await readAll(mutate(dataSet, random), transferSyntaxUid);
    } catch (thrown) {
      assert.ok(thrown instanceof Failure && HERE.has(thrown.code), `round ${round}: ${String(thrown)}`);
    }
  }
});
