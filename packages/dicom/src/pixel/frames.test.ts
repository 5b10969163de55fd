import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { dataSetOf, element, encapsulated, numberElement, textElement } from '../data-set/build.ts';
import type { Element } from '../data-set/model.ts';
import { type RandomAccess, readDataSetFrom } from '../data-set/read.ts';
import { sliceOf, sourceOf } from '../data-set/source.ts';
import { writeDataSet } from '../data-set/write.ts';
import { readFileHead } from '../part10.ts';
import { T } from '../tags.ts';
import { findTransferSyntax } from '../transfer-syntax.ts';
import { type FrameIndex, frameBytes, frameRanges, readFrameIndex } from './frames.ts';

const EXPLICIT = { explicitVr: true, littleEndian: true };

type Image = { rows: number; columns: number; bits: number; frames?: number; samples?: number; photometric?: string };

function header({ rows, columns, bits, frames, samples = 1, photometric = 'MONOCHROME2' }: Image): Element[] {
  return [
    numberElement(T.SamplesPerPixel, 'US', [samples]),
    textElement(T.PhotometricInterpretation, 'CS', photometric),
    numberElement(T.Rows, 'US', [rows]),
    numberElement(T.Columns, 'US', [columns]),
    numberElement(T.BitsAllocated, 'US', [bits]),
    ...(frames === undefined ? [] : [textElement(T.NumberOfFrames, 'IS', String(frames))]),
  ];
}

type Indexed = { index: FrameIndex; source: RandomAccess };

async function indexed(elements: Element[], syntax = EXPLICIT): Promise<Indexed> {
  const source = sourceOf(writeDataSet(dataSetOf(elements), syntax));
  const { dataSet } = await readDataSetFrom(source, { syntax });
  return { index: await readFrameIndex(dataSet, source), source };
}

async function framesOf({ index, source }: Indexed): Promise<number[][]> {
  const frames: number[][] = [];
  for (let number = 1; number <= index.frameCount; number++)
    frames.push([...(await frameBytes(index, number, source))]);
  return frames;
}

const bytes = (length: number, first = 0): Uint8Array => Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);
const pixels = (value: Uint8Array, vr: 'OB' | 'OW' = 'OB'): Element => element(T.PixelData, vr, value);
const failing =
  (code: FailureCode) =>
  (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === code;

test('native frames follow one another', async () => {
  const found = await indexed([...header({ rows: 2, columns: 3, bits: 16, frames: 2 }), pixels(bytes(24), 'OW')]);
  assert.deepEqual(await framesOf(found), [[...bytes(12)], [...bytes(12, 12)]]);
  const { ranges, bitShift } = frameRanges(found.index, 2);
  assert.deepEqual([ranges.map(({ length }) => length), bitShift], [[12], 0]);
});

test('a frame that is not there is no frame', async () => {
  const { index } = await indexed([...header({ rows: 2, columns: 2, bits: 8, frames: 3 }), pixels(bytes(8))]);
  assert.equal(index.frameCount, 2);
  for (const number of [0, 3, -1, 1.5, Number.NaN]) {
    assert.throws(() => frameRanges(index, number), failing('retrieve/no-frame'));
  }
});

test('one bit for a pixel: frames begin inside of a byte', async () => {
  // 3 x 3 pixels: frame 1 is bits 0 to 8, frame 2 bits 9 to 17, lowest bit first (PS3.5 8.1.1).
  const value = Uint8Array.of(0b1010_0101, 0b1100_1101, 0b0000_0010, 0);
  const found = await indexed([...header({ rows: 3, columns: 3, bits: 1, frames: 2 }), pixels(value)]);
  assert.deepEqual(await framesOf(found), [
    [0b1010_0101, 0b1],
    [0b0110_0110, 0b1],
  ]);
  assert.equal(frameRanges(found.index, 2).bitShift, 1);
});

test('big endian words are turned round, for any frame', async () => {
  const big = { explicitVr: true, littleEndian: false };
  const words = await indexed([...header({ rows: 1, columns: 2, bits: 16, frames: 2 }), pixels(bytes(8), 'OW')], big);
  assert.deepEqual(await framesOf(words), [
    [0, 1, 2, 3],
    [4, 5, 6, 7],
  ]);
  assert.deepEqual([...(await words.source.read(frameRanges(words.index, 2).ranges[0]?.offset ?? 0, 4))], [5, 4, 7, 6]);
  const odd = await indexed([...header({ rows: 3, columns: 1, bits: 8, frames: 2 }), pixels(bytes(6), 'OW')], big);
  assert.deepEqual(await framesOf(odd), [
    [0, 1, 2],
    [3, 4, 5],
  ]);
});

test('float and double float pixels', async () => {
  const size = { rows: 2, columns: 1, bits: 16 };
  const float = element(T.FloatPixelData, 'OF', bytes(16));
  const double = element(T.DoubleFloatPixelData, 'OD', bytes(16));
  assert.equal((await framesOf(await indexed([...header({ ...size, frames: 2 }), float]))).length, 2);
  assert.equal((await framesOf(await indexed([...header(size), double])))[0]?.length, 16);
});

test('subsampled chroma has fewer samples, unless all are there', async () => {
  const image = { rows: 2, columns: 2, bits: 8, frames: 2, samples: 3, photometric: 'YBR_FULL_422' };
  const frameLengths = async (length: number): Promise<number[]> =>
    (await framesOf(await indexed([...header(image), pixels(bytes(length))]))).map((frame) => frame.length);
  assert.deepEqual(await frameLengths(16), [8, 8]);
  assert.deepEqual(await frameLengths(24), [12, 12]);
});

test('no pixels, no frames', async () => {
  assert.equal((await indexed(header({ rows: 2, columns: 2, bits: 8 }))).index.frameCount, 0);
  assert.equal((await indexed([...header({ rows: 2, columns: 2, bits: 8 }), pixels(bytes(0))])).index.frameCount, 0);
  assert.equal((await indexed([encapsulated(T.PixelData, [bytes(0)])])).index.frameCount, 0);
  assert.equal((await indexed([encapsulated(T.PixelData, [bytes(0), bytes(0)])])).index.frameCount, 0);
});

test('headers that no pixels can fit fail, whatever they claim', async () => {
  const image = { rows: 65535, columns: 65535, bits: 16, frames: 2_147_483_647 };
  await assert.rejects(indexed([...header(image), pixels(bytes(100))]), failing('parse/truncated'));
  const small = { rows: 1, columns: 1, bits: 8, frames: 2_147_483_647 };
  assert.equal((await indexed([...header(small), pixels(bytes(100))])).index.frameCount, 100);
  for (const wrong of [{ rows: 0 }, { columns: 0 }, { bits: 0 }, { bits: 65 }, { samples: 0 }]) {
    await assert.rejects(indexed([...header({ ...small, ...wrong }), pixels(bytes(100))]), failing('parse/malformed'));
  }
  await assert.rejects(indexed([pixels(bytes(2))]), failing('parse/malformed'));
});

const start = (first: number, length = 6): Uint8Array => Uint8Array.of(0xff, 0xd8, 0xff, ...bytes(length - 3, first));
const image = { rows: 1, columns: 1, bits: 8, frames: 2 };
const offsets = (...list: number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(list.length * 4));
  for (const [index, offset] of list.entries()) view.setUint32(index * 4, offset, true);
  return new Uint8Array(view.buffer);
};
const lengthsOf = async (fragments: Uint8Array[], more: Element[] = []): Promise<number[]> => {
  const found = await indexed([...header(image), ...more, encapsulated(T.PixelData, fragments)]);
  return (await framesOf(found)).map((frame) => frame.length);
};

test('the Basic Offset Table divides fragments into frames', async () => {
  const fragments = [bytes(4), bytes(6), bytes(2), bytes(8)];
  assert.deepEqual(await lengthsOf([offsets(0, 26), ...fragments]), [10, 10]);
  assert.deepEqual(await lengthsOf([offsets(0, 12), ...fragments]), [4, 16]);
});

test('a wrong Basic Offset Table is passed over', async () => {
  const fragments = [start(1), bytes(4), start(2), bytes(2)];
  const wrong = [
    offsets(0, 25),
    offsets(0, 0),
    offsets(12, 0),
    offsets(14, 26),
    offsets(0),
    offsets(0, 14, 26),
    bytes(8),
  ];
  for (const table of wrong) {
    assert.deepEqual(await lengthsOf([table, ...fragments]), [10, 8], String(table));
  }
});

test('without a table: a fragment for each frame, or start marks, empty fragments aside', async () => {
  const none = bytes(0);
  assert.deepEqual(await lengthsOf([none, bytes(4), bytes(6)]), [4, 6]);
  assert.deepEqual(await lengthsOf([none, bytes(4), none, bytes(6)]), [4, 6]);
  assert.deepEqual(await lengthsOf([none, bytes(4), none]), [4, 0]);
  assert.deepEqual(await lengthsOf([none, start(1), bytes(4), bytes(2), start(2)]), [12, 6]);
  const j2k = Uint8Array.of(0xff, 0x4f, 0xff, 0x51);
  assert.deepEqual(await lengthsOf([none, j2k, bytes(4), j2k]), [8, 4]);
  assert.deepEqual(await lengthsOf([none, start(1), start(2), start(3)]), [6, 6], 'more than claimed');
  assert.deepEqual(await lengthsOf([none, start(1), bytes(4), bytes(6)]), [16], 'fewer than claimed');
  assert.deepEqual(await lengthsOf([none, bytes(4), start(1), start(2)]), [16], 'a stream for all frames');
});

test('the Extended Offset Table rules, and its lengths leave out the byte that pads', async () => {
  const of = (...list: number[]): Uint8Array => {
    const view = viewOf(new Uint8Array(list.length * 8));
    for (const [index, value] of list.entries()) view.setBigUint64(index * 8, BigInt(value), true);
    return new Uint8Array(view.buffer);
  };
  const table = (...list: number[]): Element => element(T.ExtendedOffsetTable, 'OV', of(...list));
  const lengths = (...list: number[]): Element => element(T.ExtendedOffsetTableLengths, 'OV', of(...list));
  const fragments = [bytes(0), bytes(4), bytes(6)];
  assert.deepEqual(await lengthsOf(fragments, [table(0, 12), lengths(3, 6)]), [3, 6]);
  assert.deepEqual(await lengthsOf(fragments, [table(0, 12), lengths(9, 6)]), [4, 6]);
  assert.deepEqual(await lengthsOf(fragments, [table(0, 13), lengths(3, 5)]), [3, 5]);
});

test('a source that ends early is damaged; an index needs none of its pixels', async () => {
  const { index, source } = await indexed([...header(image), pixels(bytes(2))]);
  const cut = sliceOf(source, 0, source.length - 1);
  assert.equal(index.frameCount, 2);
  await assert.rejects(frameBytes(index, 2, cut), failing('retrieve/damaged'));
});

test('the multi-frame files of the corpus: native, with and without table, in fragments', async (t) => {
  if (!needsShared(t)) return;
  const open = async (name: string): Promise<Indexed> => {
    const file = readFileSync(sharedPath('corpus', name));
    const head = readFileHead(file, true);
    assert.ok(!('need' in head));
    const syntax = findTransferSyntax(head.transferSyntaxUid);
    assert.ok(syntax);
    const source = sourceOf(file.subarray(head.dataSetOffset));
    const { dataSet } = await readDataSetFrom(source, { syntax });
    return { index: await readFrameIndex(dataSet, source), source };
  };
  const ct = 'by-modality/CT/dicomParser__multi-frame_CT0012.';
  for (const kind of ['57', '70']
    .map((process) => `fragmented_no_bot_jpeg_lossless.${process}`)
    .concat('fragmented_no_bot_jpeg_ls.81', 'not_fragmented_bot_jpeg_ls.80', 'not_fragmented_no_bot_jpeg_ls.80')) {
    const frames = await framesOf(await open(`${ct}${kind}.dcm`));
    assert.equal(frames.length, 2, kind);
    for (const frame of frames) {
      assert.deepEqual(frame.slice(0, 2), [0xff, 0xd8], kind);
      assert.deepEqual(frame.slice(frame.at(-1) === 0 ? -3 : -2).slice(0, 2), [0xff, 0xd9], kind);
    }
  }
  const rle = await framesOf(await open(`${ct}not_fragmented_no_bot_rle.dcm`));
  assert.deepEqual(
    rle.map((frame) => frame.slice(0, 5)),
    [
      [2, 0, 0, 0, 64],
      [2, 0, 0, 0, 64],
    ],
  );
  const us = 'charset/dicomParser__multi-frame_IM00001.';
  const native = await framesOf(await open(`${us}implicit_little_endian.dcm`));
  assert.deepEqual(
    native.map((frame) => frame.length),
    new Array(8).fill(230400),
  );
  assert.equal((await open(`${us}fragmented_no_bot_jpeg_baseline.50.dcm`)).index.frameCount, 8);
});
