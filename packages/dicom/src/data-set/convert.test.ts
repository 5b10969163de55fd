import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { T } from '../tags.ts';
import { EXPLICIT_BE, EXPLICIT_LE, findTransferSyntax, IMPLICIT_LE } from '../transfer-syntax.ts';
import { elementAt, numbersOf } from './access.ts';
import { toExplicitLittleEndian } from './convert.ts';
import type { Element } from './model.ts';
import { readDataSet } from './read.ts';
import { sourceOf } from './source.ts';
import { dataSetOf, element, encapsulated, numberElement, sequence, textElement, writeDataSet } from './write.ts';

function syntaxOf(uid: string) {
  const syntax = findTransferSyntax(uid);
  assert.ok(syntax);
  return syntax;
}

async function converted(elements: Element[], from: string) {
  return readBack(writeDataSet(dataSetOf(elements), syntaxOf(from)), from);
}

async function readBack(bytes: Uint8Array, from: string) {
  const parts: Uint8Array[] = [];
  for await (const part of toExplicitLittleEndian(sourceOf(bytes), syntaxOf(from))) parts.push(part);
  return readDataSet(concat(parts), { syntax: syntaxOf(EXPLICIT_LE) }).dataSet;
}

test("'US or SS' of implicit VR is decided by Pixel Representation, of the item or around it", async () => {
  const lut = numberElement(T.SmallestImagePixelValue, 'US', [65535]);
  const items = [dataSetOf([lut]), dataSetOf([numberElement(T.PixelRepresentation, 'US', [0]), lut])];
  for (const [representation, vr] of [
    [1, 'SS'],
    [0, 'US'],
  ] as const) {
    // The sequence (0008,1140) stands before Pixel Representation of the data set.
    const dataSet = await converted(
      [sequence(T.ReferencedImageSequence, items), numberElement(T.PixelRepresentation, 'US', [representation]), lut],
      IMPLICIT_LE,
    );
    assert.equal(elementAt(dataSet, T.SmallestImagePixelValue)?.vr, vr);
    assert.equal(elementAt(dataSet, T.ReferencedImageSequence, 0, T.SmallestImagePixelValue)?.vr, vr);
    assert.equal(elementAt(dataSet, T.ReferencedImageSequence, 1, T.SmallestImagePixelValue)?.vr, 'US');
  }
});

test('what explicit VR says stays, whatever Pixel Representation', async () => {
  const dataSet = await converted(
    [numberElement(T.PixelRepresentation, 'US', [1]), numberElement(T.SmallestImagePixelValue, 'US', [1])],
    EXPLICIT_BE,
  );
  assert.equal(elementAt(dataSet, T.SmallestImagePixelValue)?.vr, 'US');
});

test('big endian: numbers and OW turned, OB and UN not', async () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const dataSet = await converted(
    [
      numberElement(T.Rows, 'US', [512]),
      element(0x00091001, 'UN', bytes),
      element(0x00091002, 'OB', bytes),
      element(0x00091003, 'OW', bytes),
      numberElement(0x00091004, 'FD', [1.5]),
      numberElement(0x00091005, 'AT', [T.Rows]),
    ],
    EXPLICIT_BE,
  );
  assert.deepEqual(numbersOf(elementAt(dataSet, T.Rows), true), [512]);
  for (const tag of [0x00091001, 0x00091002, 0x00091003]) assert.deepEqual(elementAt(dataSet, tag)?.value, bytes);
  assert.deepEqual(numbersOf(elementAt(dataSet, 0x00091004), true), [1.5]);
  assert.deepEqual(numbersOf(elementAt(dataSet, 0x00091005), true), [T.Rows]);
});

test('implicit VR: private values stay UN, pixel data are OW, group lengths go, odd values are padded', async () => {
  const odd = Uint8Array.of(0x08, 0, 0x60, 0, 3, 0, 0, 0, 0x4d, 0x52, 0x31);
  const rest = writeDataSet(
    dataSetOf([
      numberElement(0x00090000, 'UL', [4]),
      element(0x00091001, 'UN', Uint8Array.of(1, 2)),
      element(T.PixelData, 'OW', Uint8Array.of(3, 4)),
    ]),
    syntaxOf(IMPLICIT_LE),
  );
  const dataSet = await readBack(concat([odd, rest]), IMPLICIT_LE);
  assert.deepEqual(
    [...dataSet.elements.values()].map(({ tag, vr, value }) => [tag, vr, [...(value ?? [])]]),
    [
      [T.Modality, 'CS', [0x4d, 0x52, 0x31, 0x20]],
      [0x00091001, 'UN', [1, 2]],
      [T.PixelData, 'OW', [3, 4]],
    ],
  );
});

test('CP-1066: a value too long for the 16-bit length of its VR becomes UN', async () => {
  const dataSet = await converted([textElement(T.PatientComments, 'LT', 'x'.repeat(70_000))], IMPLICIT_LE);
  const comments = elementAt(dataSet, T.PatientComments);
  assert.deepEqual([comments?.vr, comments?.length], ['UN', 70_000]);
});

test('CP-246: a UN sequence becomes a sequence in explicit VR', async () => {
  const inside = [dataSetOf([textElement(T.Modality, 'CS', 'MR')])];
  const un: Element = { ...sequence(0x00091001, inside), vr: 'UN' };
  const dataSet = await converted([un], EXPLICIT_BE);
  assert.equal(elementAt(dataSet, 0x00091001)?.vr, 'SQ');
  assert.equal(elementAt(dataSet, 0x00091001, 0, T.Modality)?.vr, 'CS');
});

test('what is not whole or not native is refused', async () => {
  const whole = writeDataSet(dataSetOf([textElement(T.SOPInstanceUID, 'UI', '1.2.3')]), syntaxOf(EXPLICIT_LE));
  await assert.rejects(readBack(whole.subarray(0, whole.length - 1), EXPLICIT_LE), isFailure('parse/truncated'));
  const jpeg = [encapsulated(T.PixelData, [new Uint8Array(0)])];
  await assert.rejects(converted(jpeg, EXPLICIT_LE), isFailure('parse/malformed'));
});

function isFailure(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Failure && thrown.code === code;
}
