import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { T } from '../tags.ts';
import { elementAt, itemsOf, numberOf, textOf, uidOf } from './access.ts';
import type { ParseMark } from './limits.ts';
import { DataSetReader, type RandomAccess, type ReadOptions, readDataSet, readDataSetFrom } from './read.ts';
import { sourceOf } from './source.ts';

const EXPLICIT = { explicitVr: true, littleEndian: true };
const IMPLICIT = { explicitVr: false, littleEndian: true };
const BIG = { explicitVr: true, littleEndian: false };

/** Bytes of hexadecimal digits and 'text' in apostrophes. */
function wire(...parts: string[]): Uint8Array {
  const bytes = parts.join(' ').match(/'[^']*'|[0-9a-fA-F]{2}/g) ?? [];
  return concat(
    bytes.map((part) =>
      part.startsWith("'")
        ? Uint8Array.from(part.slice(1, -1), (c) => c.charCodeAt(0))
        : Uint8Array.of(Number.parseInt(part, 16)),
    ),
  );
}

function read(bytes: Uint8Array, syntax = EXPLICIT, options: Partial<ReadOptions> = {}) {
  const { dataSet, marks } = readDataSet(bytes, { syntax, ...options });
  return { dataSet, marks: [...marks].sort() };
}

const SOP = "08 00 18 00 'UI' 04 00 '1.2' 00";
const ROWS = "28 00 10 00 'US' 02 00 00 02";
const PRIVATE_UNDEFINED = "09 00 01 10 'UN' 00 00 FF FF FF FF";
const ITEM = 'FE FF 00 E0 FF FF FF FF';
const ITEM_END = 'FE FF 0D E0 00 00 00 00';
const SEQUENCE_END = 'FE FF DD E0 00 00 00 00';

test('PS3.5 7.1: explicit and implicit VR, both byte orders', () => {
  const big = wire("00 08 00 18 'UI' 00 04 '1.2' 00", "00 28 00 10 'US' 00 02 02 00");
  const implicit = wire("08 00 18 00 04 00 00 00 '1.2' 00", '28 00 10 00 02 00 00 00 00 02');
  for (const [bytes, syntax] of [
    [wire(SOP, ROWS), EXPLICIT],
    [big, BIG],
    [implicit, IMPLICIT],
  ] as const) {
    const { dataSet, marks } = read(bytes, syntax);
    assert.equal(uidOf(dataSet, T.SOPInstanceUID), '1.2');
    assert.equal(numberOf(dataSet, T.Rows), 512);
    assert.deepEqual(marks, []);
  }
});

test('CP-246: UN of undefined length is a sequence in implicit VR little endian, also in big endian', () => {
  const inside = `${ITEM} 08 00 60 00 02 00 00 00 'MR' ${ITEM_END} ${SEQUENCE_END}`;
  const little = read(wire(PRIVATE_UNDEFINED, inside, ROWS));
  const big = read(wire("00 09 10 01 'UN' 00 00 FF FF FF FF", inside, "00 28 00 10 'US' 00 02 02 00"), BIG);
  for (const { dataSet, marks } of [little, big]) {
    assert.equal(textOf(elementAt(dataSet, 0x00091001, 0, T.Modality)), 'MR');
    assert.equal(itemsOf(dataSet, 0x00091001)[0]?.littleEndian, true);
    assert.equal(numberOf(dataSet, T.Rows), 512);
    assert.deepEqual(marks, []);
  }
});

test('a UN sequence that is explicit VR after all, kept or passed over', () => {
  const bytes = wire(PRIVATE_UNDEFINED, ITEM, "08 00 60 00 'CS' 02 00 'MR'", ITEM_END, SEQUENCE_END, ROWS);
  const { dataSet, marks } = read(bytes);
  assert.equal(textOf(elementAt(dataSet, 0x00091001, 0, T.Modality)), 'MR');
  assert.deepEqual(marks, ['vr']);
  const passedOver = read(bytes, EXPLICIT, { keep: (tag) => tag === T.Rows });
  assert.equal(numberOf(passedOver.dataSet, T.Rows), 512);
});

test('delimiters missing at the end of what encloses them', () => {
  // (0008,1140) of 38 bytes holds an item of undefined length, which holds a sequence, both without delimiters.
  const { dataSet, marks } = read(
    wire(
      "08 00 40 11 'SQ' 00 00 26 00 00 00",
      ITEM,
      "08 00 50 11 'UI' 02 00 '1' 00",
      "08 00 99 11 'SQ' 00 00 FF FF FF FF",
      ITEM,
      ROWS,
    ),
  );
  assert.equal(textOf(elementAt(dataSet, T.ReferencedImageSequence, 0, T.ReferencedSOPClassUID)), '1');
  assert.equal(numberOf(dataSet, T.Rows), 512);
  assert.deepEqual(marks, ['delimiter']);
});

test('an item without a delimiter ends at the next item, a sequence at the next element', () => {
  const image = "08 00 50 11 'UI' 02 00 '1' 00";
  const bytes = wire("08 00 40 11 'SQ' 00 00 FF FF FF FF", ITEM, image, ITEM, image, ITEM_END, ROWS);
  const { dataSet, marks } = read(bytes);
  assert.equal(itemsOf(dataSet, T.ReferencedImageSequence).length, 2);
  assert.equal(numberOf(dataSet, T.Rows), 512);
  assert.deepEqual(marks, ['delimiter']);
});

test('a length beyond its item is cut there, and the element behind the item is found', () => {
  const { dataSet, marks } = read(
    wire("08 00 40 11 'SQ' 00 00 12 00 00 00", 'FE FF 00 E0 0A 00 00 00', "08 00 50 11 'UI' 40 00 '1' 00", ROWS),
  );
  assert.equal(textOf(elementAt(dataSet, T.ReferencedImageSequence, 0, T.ReferencedSOPClassUID)), '1');
  assert.equal(numberOf(dataSet, T.Rows), 512);
  assert.deepEqual(marks, ['overrun']);
});

test('encapsulated pixel data: table and fragments, an empty one included; also in an icon', () => {
  const fragments = 'FE FF 00 E0 00 00 00 00 FE FF 00 E0 02 00 00 00 FF D8 FE FF 00 E0 00 00 00 00';
  const pixels = `E0 7F 10 00 'OB' 00 00 FF FF FF FF ${fragments} ${SEQUENCE_END}`;
  const icon = `88 00 00 02 'SQ' 00 00 FF FF FF FF ${ITEM} ${pixels} ${ITEM_END} ${SEQUENCE_END}`;
  const { dataSet, marks } = read(wire(SOP, icon, pixels));
  for (const element of [elementAt(dataSet, 0x00880200, 0, T.PixelData), elementAt(dataSet, T.PixelData)]) {
    assert.deepEqual(
      element?.fragments?.map(({ length }) => length),
      [0, 2, 0],
    );
    assert.deepEqual(element?.fragments?.[1]?.value, Uint8Array.of(0xff, 0xd8));
  }
  assert.deepEqual(marks, []);
});

test('VRs that are none: PS3.5 7.1.2 unknown VR, placeholders, an implicit element, a missing VR', () => {
  const odd = [
    "09 00 01 10 'ZZ' 00 00 02 00 00 00 'ab'", // a VR of the future has the 32-bit form
    "09 00 02 10 'ZZ' 02 00 'ab'", // a private one of the past had not
    "09 00 03 10 '??' 02 00 'ab'",
    '09 00 04 10 20 20 02 00 61 62',
    '09 00 05 10 00 00 02 00 61 62',
    '09 00 06 10 02 00 00 00 61 62',
  ];
  const { dataSet, marks } = read(wire(SOP, ...odd, ROWS));
  for (let tag = 0x00091001; tag <= 0x00091006; tag++) assert.equal(textOf(elementAt(dataSet, tag)), 'ab', String(tag));
  assert.equal(numberOf(dataSet, T.Rows), 512);
  assert.deepEqual(marks, ['vr']);
});

test('a data set announced as implicit VR that is explicit', () => {
  const { dataSet, marks } = read(wire(SOP, ROWS), IMPLICIT);
  assert.equal(numberOf(dataSet, T.Rows), 512);
  assert.deepEqual(marks, ['vr']);
});

test('oddities are marked, not refused', () => {
  const cases: [string, ParseMark][] = [
    [`${SOP} ${ROWS} 08 00 60 00 'CS' 02 00 'MR'`, 'order'],
    [`${SOP} ${SOP} ${ROWS}`, 'duplicate'],
    [`${SOP} 08 00 60 00 'CS' 03 00 'MR ' ${ROWS}`, 'length'],
    [`02 00 10 00 'UI' 02 00 '1' 00 ${SOP} ${ROWS}`, 'group'],
    [`${SOP} ${ROWS} 00 00 00 00 00 00 00 00 00`, 'padding'],
    [`${SOP} ${ROWS} 00 00 00`, 'padding'],
    [`${SOP} ${ROWS} ${ITEM_END}`, 'delimiter'],
    [`${SOP} ${ROWS} 13 12 FF 81 80 FF FF FF 00`, 'garbage'],
    [`${SOP} ${ROWS} 28 00`, 'truncated'],
    [`${SOP} ${ROWS} 28 00 11 00 'US' 02 00 00`, 'truncated'],
  ];
  for (const [bytes, mark] of cases) {
    const { dataSet, marks } = read(wire(bytes));
    assert.deepEqual(marks, [mark], bytes);
    assert.equal(uidOf(dataSet, T.SOPInstanceUID), '1.2');
    assert.equal(numberOf(dataSet, T.Rows), 512);
  }
});

test('of duplicate tags the first one is kept', () => {
  const { dataSet } = read(wire("08 00 60 00 'CS' 02 00 'CT'", "08 00 60 00 'CS' 02 00 'MR'"));
  assert.equal(textOf(elementAt(dataSet, T.Modality)), 'CT');
});

test('what cannot be a data set and held no UID fails, and keeps failing', () => {
  const html = wire("'<!DOCTYPE html><html>'");
  assert.throws(() => read(html, IMPLICIT), isFailure('parse/malformed'));
  const reader = new DataSetReader({ syntax: IMPLICIT });
  assert.throws(() => reader.push(html), isFailure('parse/malformed'));
  assert.throws(() => reader.push(html), isFailure('parse/malformed'));
  assert.throws(() => reader.end(), isFailure('parse/malformed'));
});

test('nesting bombs: a level too deep is an opaque value, in constant memory', () => {
  const level = wire("08 00 40 11 'SQ' 00 00 FF FF FF FF", ITEM);
  const levels = 200_000;
  const bytes = new Uint8Array(levels * level.length);
  for (let at = 0; at < levels; at++) bytes.set(level, at * level.length);
  const { marks } = read(bytes);
  assert.deepEqual(marks, ['delimiter', 'depth', 'truncated']);
});

test('a sequence beyond depthMax is left in place and what follows is read', () => {
  const nested = (depth: number): string =>
    depth === 0
      ? "08 00 60 00 'CS' 02 00 'MR'"
      : `08 00 40 11 'SQ' 00 00 FF FF FF FF ${ITEM} ${nested(depth - 1)} ${ITEM_END} ${SEQUENCE_END}`;
  const { dataSet, marks } = read(wire(SOP, nested(5), ROWS), EXPLICIT, { limits: { depthMax: 3 } });
  assert.deepEqual(marks, ['depth']);
  assert.equal(numberOf(dataSet, T.Rows), 512);
  const deepest = elementAt(dataSet, 0x00081140, 0, 0x00081140, 0, 0x00081140, 0, 0x00081140);
  assert.deepEqual([deepest?.vr, deepest?.items, deepest?.value], ['SQ', undefined, undefined]);
});

test('limits that cannot be passed over fail by name', () => {
  const bytes = wire(SOP, ROWS, "28 00 11 00 'US' 02 00 00 02");
  assert.throws(() => read(bytes, EXPLICIT, { limits: { elementsMax: 2 } }), /elementsMax/);
  const items = wire("08 00 40 11 'SQ' 00 00 FF FF FF FF", ITEM, ITEM_END, ITEM, ITEM_END, SEQUENCE_END);
  assert.throws(() => read(items, EXPLICIT, { limits: { itemsMax: 1 } }), /itemsMax/);
  const reader = new DataSetReader({ syntax: EXPLICIT, limits: { headerBytesMax: 200 } });
  assert.throws(() => reader.push(bytes), isFailure('parse/limit'));
});

test('the streaming reader keeps what is asked for and counts the rest', () => {
  const reader = new DataSetReader({ syntax: EXPLICIT, keep: (tag) => tag === T.Rows, stopAtPixelData: true });
  reader.push(wire(SOP, ROWS));
  assert.equal(reader.headerDone, false);
  reader.push(wire("E0 7F 10 00 'OW' 00 00 00 00 10 00"));
  assert.equal(reader.headerDone, true);
  reader.push(new Uint8Array(100));
  reader.end();
  assert.deepEqual([...reader.dataSet.elements.keys()], [T.Rows]);
  assert.equal(reader.passedOver, 2);
  assert.deepEqual(reader.walkEnd, { reason: 'stopped', offset: 22 });
  assert.deepEqual([...reader.marks], []);
});

test('the streaming reader copies what it keeps', () => {
  const reader = new DataSetReader({ syntax: EXPLICIT });
  const chunk = wire(SOP, ROWS);
  reader.push(chunk);
  chunk.fill(0xff);
  reader.end();
  assert.equal(uidOf(reader.dataSet, T.SOPInstanceUID), '1.2');
});

test('large values and pixel data stay where they lie', async () => {
  const bytes = wire(
    SOP,
    "09 00 01 10 'OB' 00 00 10 00 00 00",
    '00 '.repeat(16),
    "E0 7F 10 00 'OW' 00 00 04 00 00 00 01 02 03 04",
  );
  const { dataSet } = await readDataSetFrom(sourceOf(bytes), { syntax: EXPLICIT, valueBytesMax: 8 });
  const large = elementAt(dataSet, 0x00091001);
  assert.deepEqual([large?.length, large?.offset, large?.value], [16, 24, undefined]);
  const pixels = elementAt(dataSet, T.PixelData);
  assert.deepEqual([pixels?.length, pixels?.offset, pixels?.value], [4, 52, undefined]);
});

test('a value behind the pixel data is read like one before it', async () => {
  const bytes = wire(SOP, "E0 7F 10 00 'OW' 00 00 04 00 00 00 01 02 03 04", "EA EA 02 01 'SH' 04 00 'DCM '");
  const { dataSet } = await readDataSetFrom(sourceOf(bytes), { syntax: EXPLICIT });
  assert.equal(dataSet.elements.get(T.PixelData)?.value, undefined);
  assert.equal(textOf(dataSet.elements.get(0xeaea0102)), 'DCM');
});

test('a source is read ahead in blocks, and large fragments are seeked over', async () => {
  const fragment = concat([wire('FE FF 00 E0 00 00 10 00'), new Uint8Array(0x100000)]);
  const bytes = concat([
    wire(SOP, "E0 7F 10 00 'OB' 00 00 FF FF FF FF", 'FE FF 00 E0 00 00 00 00'),
    fragment,
    fragment,
    fragment,
    wire(SEQUENCE_END),
  ]);
  const { source, reads } = counted(bytes);
  const { dataSet, marks } = await readDataSetFrom(source, { syntax: EXPLICIT });
  assert.equal(elementAt(dataSet, T.PixelData)?.fragments?.length, 4);
  assert.deepEqual([...marks], []);
  assert.deepEqual(reads, [8192, 8, 8, 8]);
});

test('a source that is shorter than it said is an error of the source, not of the data set', async () => {
  const source: RandomAccess = { length: 100, read: () => Promise.resolve(new Uint8Array(0)) };
  await assert.rejects(readDataSetFrom(source, { syntax: EXPLICIT }), isFailure('parse/truncated'));
});

function counted(bytes: Uint8Array): { source: RandomAccess; reads: number[] } {
  const reads: number[] = [];
  const whole = sourceOf(bytes);
  const source: RandomAccess = {
    length: bytes.length,
    read(offset, length) {
      reads.push(length);
      return whole.read(offset, length);
    },
  };
  return { source, reads };
}

function isFailure(code: string): (thrown: unknown) => boolean {
  return (thrown) => thrown instanceof Failure && thrown.code === code;
}
