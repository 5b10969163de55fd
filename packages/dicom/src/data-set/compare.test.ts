import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { T } from '../tags.ts';
import { EXPLICIT_BE, EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE } from '../transfer-syntax.ts';
import { type Encoded, sameContent } from './compare.ts';
import type { Element } from './model.ts';
import { sourceOf } from './source.ts';
import {
  dataSetOf,
  element,
  encapsulated,
  numberElement,
  sequence,
  textElement,
  type WriteOptions,
  writeDataSet,
} from './write.ts';

const JPEG = '1.2.840.10008.1.2.4.50';
const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70';
const PRIVATE = 0x00091001;
const uid = textElement(T.SOPInstanceUID, 'UI', '1.2.3');

function encoded(elements: Element[], syntaxUid: string, options?: WriteOptions): Encoded {
  const syntax = findTransferSyntax(syntaxUid);
  assert.ok(syntax);
  return { source: sourceOf(writeDataSet(dataSetOf([uid, ...elements]), syntax, options)), syntax };
}

async function assertSame(a: Encoded, b: Encoded, expected: boolean): Promise<void> {
  assert.equal(await sameContent(a, b), expected);
  assert.equal(await sameContent(b, a), expected);
}

test('a private value of a known VR is the UN of an implicit sender, in any byte order', async () => {
  const known = numberElement(PRIVATE, 'US', [1, 2, 3]);
  const implicit = encoded([known], IMPLICIT_LE);
  await assertSame(implicit, encoded([known], EXPLICIT_LE), true);
  await assertSame(implicit, encoded([known], EXPLICIT_BE), true);
  await assertSame(implicit, encoded([numberElement(PRIVATE, 'US', [1, 2, 4])], EXPLICIT_BE), false);
});

test('a sequence is the UN of known length that an implicit sender made of it, read by its items', async () => {
  const items = [dataSetOf([textElement(T.Modality, 'CS', 'MR'), numberElement(PRIVATE, 'US', [7])])];
  const asSequence = { ...sequence(PRIVATE, items), length: 0 };
  const implicit = encoded([asSequence], IMPLICIT_LE, { lengths: 'defined' });
  await assertSame(implicit, encoded([asSequence], EXPLICIT_BE, { lengths: 'undefined' }), true);
  const other = { ...sequence(PRIVATE, [dataSetOf([textElement(T.Modality, 'CS', 'CT')])]), length: 0 };
  await assertSame(implicit, encoded([other], EXPLICIT_BE), false);
  await assertSame(implicit, encoded([sequence(PRIVATE, [])], EXPLICIT_BE), false);
});

test('a UN that is no sequence is not the same as one', async () => {
  const text = encoded([element(PRIVATE, 'UN', Uint8Array.of(1, 2, 3, 4))], EXPLICIT_LE);
  await assertSame(text, encoded([sequence(PRIVATE, [])], EXPLICIT_LE), false);
});

test('group lengths, trailing padding and the padding of an odd value do not count', async () => {
  const name = textElement(T.PatientID, 'LO', 'ABC');
  const odd = concat([Uint8Array.of(0x10, 0, 0x20, 0, 0x4c, 0x4f, 3, 0), Uint8Array.of(0x41, 0x42, 0x43)]);
  const plain = encoded([name], EXPLICIT_LE);
  const extras = [numberElement(0x00080000, 'UL', [99]), element(0xfffcfffc, 'OB', new Uint8Array(10))];
  await assertSame(plain, encoded([name, ...extras], EXPLICIT_LE), true);
  const unpadded = { ...plain, source: sourceOf(concat([await encodedBytes(encoded([], EXPLICIT_LE)), odd])) };
  await assertSame(plain, unpadded, true);
  await assertSame(plain, encoded([textElement(T.PatientID, 'LO', 'ABC  ')], EXPLICIT_LE), false);
});

const encodedBytes = ({ source }: Encoded): Promise<Uint8Array> => source.read(0, source.length);

test('pixel data: OB and OW are one in little endian; native is never encapsulated', async () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const native = encoded([element(T.PixelData, 'OW', bytes)], EXPLICIT_BE);
  await assertSame(native, encoded([element(T.PixelData, 'OB', bytes)], EXPLICIT_LE), true);
  await assertSame(native, encoded([encapsulated(T.PixelData, [new Uint8Array(0), bytes])], JPEG), false);
});

test('encapsulated pixel data: fragments and transfer syntax must agree, an empty offset table is any', async () => {
  const [none, table] = [new Uint8Array(0), new Uint8Array(4)];
  const [one, two] = [Uint8Array.of(0xff, 0xd8), Uint8Array.of(0xff, 0xd9)];
  const jpeg = encoded([encapsulated(T.PixelData, [table, one, two])], JPEG);
  await assertSame(jpeg, encoded([encapsulated(T.PixelData, [none, one, two])], JPEG), true);
  await assertSame(jpeg, encoded([encapsulated(T.PixelData, [none, one, two])], JPEG_LOSSLESS), false);
  await assertSame(jpeg, encoded([encapsulated(T.PixelData, [none, concat([one, two])])], JPEG), false);
  await assertSame(jpeg, encoded([encapsulated(T.PixelData, [none, two, one])], JPEG), false);
});

test('two written VRs must agree, but for OW among those of the dictionary', async () => {
  const signed = encoded([numberElement(T.SmallestImagePixelValue, 'SS', [1])], EXPLICIT_LE);
  await assertSame(signed, encoded([numberElement(T.SmallestImagePixelValue, 'US', [1])], EXPLICIT_LE), false);
  await assertSame(signed, encoded([numberElement(T.SmallestImagePixelValue, 'US', [1])], IMPLICIT_LE), true);
});

test('in doubt not the same: truncated or with duplicates, even to itself', async () => {
  const { source, syntax } = encoded([textElement(T.PatientID, 'LO', 'ABCD')], EXPLICIT_LE);
  const bytes = await source.read(0, source.length);
  for (const doubtful of [bytes.subarray(0, bytes.length - 1), concat([bytes, bytes])]) {
    await assertSame({ source: sourceOf(doubtful), syntax }, { source: sourceOf(doubtful), syntax }, false);
  }
});

test('large values are compared where they lie, to the last byte', async () => {
  const pixels = new Uint8Array(300_000).map((_, index) => index * 7);
  const other = pixels.slice();
  other[299_999] = 0;
  const native = encoded([element(T.PixelData, 'OW', pixels)], EXPLICIT_BE);
  await assertSame(native, encoded([element(T.PixelData, 'OW', pixels)], IMPLICIT_LE), true);
  await assertSame(native, encoded([element(T.PixelData, 'OW', other)], IMPLICIT_LE), false);
});
