import assert from 'node:assert/strict';
import { test } from 'node:test';
import { T } from '../tags.ts';
import type { Vr } from '../vr.ts';
import { elementAt, itemsOf, numberOf, numbersOf, textOf, textsOf, uidOf } from './access.ts';
import { dataSetOf, element, numberElement, sequence, textElement, writeDataSet } from './write.ts';

const text = (vr: Vr, value: string) =>
  element(
    0x00091001,
    vr,
    Uint8Array.from(value, (c) => c.charCodeAt(0)),
  );

test('PS3.5 6.2: padding is no part of a text; leading blanks are in ST, LT, UT and UC', () => {
  assert.equal(textOf(text('UI', '1.2.3\0')), '1.2.3');
  assert.equal(textOf(text('CS', ' MR ')), 'MR');
  assert.equal(textOf(text('LT', '  indented ')), '  indented');
  assert.equal(textOf(undefined), '');
  assert.deepEqual(textsOf(text('CS', 'ORIGINAL \\ PRIMARY\\ ')), ['ORIGINAL', 'PRIMARY', '']);
  assert.deepEqual(textsOf(text('CS', '  ')), []);
});

test('numbers of every numeric VR', () => {
  const cases: [Vr, number[]][] = [
    ['US', [0, 65535]],
    ['SS', [-32768, 1]],
    ['UL', [4294967295]],
    ['SL', [-2147483648]],
    ['FL', [1.5]],
    ['FD', [0.1, -1]],
    ['SV', [-5]],
    ['UV', [2 ** 53]],
    ['AT', [0x7fe00010]],
    ['IS', [-12, 7]],
    ['DS', [0.25]],
    ['OW', [1, 2]],
    ['OB', [1, 255]],
    ['OF', [0.5]],
    ['OD', [0.1]],
    ['OL', [7]],
    ['OV', [8]],
  ];
  for (const [vr, numbers] of cases)
    assert.deepEqual(numbersOf(numberElement(0x00091001, vr, numbers), true), numbers, vr);
  assert.deepEqual(numbersOf(text('DS', '1.5\\x\\'), true), [1.5, Number.NaN, Number.NaN]);
  assert.deepEqual(numbersOf(element(0x00091001, 'US', Uint8Array.of(1, 2, 3)), false), [0x0102]);
});

test('a path of tags and indexes', () => {
  const dataSet = dataSetOf([
    sequence(T.ReferencedImageSequence, [dataSetOf([textElement(T.Modality, 'CS', 'MR')])]),
    numberElement(T.Rows, 'US', [512]),
    textElement(T.SOPInstanceUID, 'UI', ''),
    textElement(T.SeriesNumber, 'IS', 'x'),
  ]);
  assert.equal(textOf(elementAt(dataSet, T.ReferencedImageSequence, 0, T.Modality)), 'MR');
  assert.equal(elementAt(dataSet, T.ReferencedImageSequence, 1, T.Modality), undefined);
  assert.equal(elementAt(dataSet, T.Rows, 0, T.Modality), undefined);
  assert.equal(itemsOf(dataSet, T.ReferencedImageSequence).length, 1);
  assert.equal(itemsOf(dataSet, T.Rows).length, 0);
  assert.equal(numberOf(dataSet, T.Rows), 512);
  assert.equal(numberOf(dataSet, T.SeriesNumber), undefined);
  assert.equal(uidOf(dataSet, T.SOPInstanceUID), undefined);
});

test('a writer refuses what it does not have, and a depth it could not read again', () => {
  const explicit = { explicitVr: true, littleEndian: true };
  const inPlace = { tag: T.PixelData, vr: 'OW' as const, length: 10, offset: 0 };
  assert.throws(() => writeDataSet(dataSetOf([inPlace]), explicit), RangeError);
  let nested = dataSetOf([]);
  for (let depth = 0; depth < 100; depth++) nested = dataSetOf([sequence(T.ReferencedImageSequence, [nested])]);
  assert.throws(() => writeDataSet(nested, explicit), /parse\/limit/);
});
