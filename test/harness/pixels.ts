import assert from 'node:assert/strict';
import { numberOf } from '@acervo/dicom/data-set/access.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import type { CorpusObject } from './corpus.ts';

/**
 * The frames of an object that make no trouble: little endian, whole bytes; compressed ones with one fragment for
 * each frame. They are cut here by plain arithmetic, apart from the way in which the archive finds them.
 */
export function plainFrames({ dataSet: bytes, transferSyntaxUid }: CorpusObject): Uint8Array[] {
  const syntax = findTransferSyntax(transferSyntaxUid);
  assert.ok(syntax);
  const { dataSet } = readDataSet(bytes, { syntax });
  const pixels = dataSet.elements.get(T.PixelData);
  const count = Number(numberOf(dataSet, T.NumberOfFrames) ?? 1);
  if (pixels?.fragments !== undefined) {
    const [, ...fragments] = pixels.fragments;
    assert.equal(fragments.length, count, 'one fragment for each frame');
    return fragments.map(({ offset, length }) => bytes.subarray(offset, offset + length));
  }
  assert.ok(pixels?.value);
  const factors = [T.Rows, T.Columns, T.SamplesPerPixel, T.BitsAllocated].map((tag) => numberOf(dataSet, tag) ?? 0);
  const frameBytes = factors.reduce((product, factor) => product * factor, 1) / 8;
  const { value } = pixels;
  return Array.from({ length: count }, (_, index) => value.subarray(index * frameBytes, (index + 1) * frameBytes));
}
