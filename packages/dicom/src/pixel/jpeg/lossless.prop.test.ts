import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { decodeJpeg } from './decode.ts';

type Image = {
  rows: number;
  columns: number;
  components: number;
  precision: number;
  predictor: number;
  pointTransform: number;
  /** Lines between restarts; 0: none. */
  restartLines: number;
  samples: Uint16Array;
};

const anyImage: fc.Arbitrary<Image> = fc
  .record({
    rows: fc.integer({ min: 1, max: 7 }),
    columns: fc.integer({ min: 1, max: 9 }),
    components: fc.constantFrom(1, 3),
    precision: fc.integer({ min: 2, max: 16 }),
    predictor: fc.integer({ min: 1, max: 7 }),
    restartLines: fc.integer({ min: 0, max: 3 }),
    isShifted: fc.boolean(),
    values: fc.array(fc.integer({ min: 0, max: 65_535 }), { minLength: 189, maxLength: 189 }),
  })
  .map(({ isShifted, values, ...image }) => {
    const pointTransform = isShifted ? 1 : 0;
    const mask = 2 ** image.precision - 2 ** pointTransform;
    const count = image.rows * image.columns * image.components;
    return { ...image, pointTransform, samples: Uint16Array.from(values.slice(0, count), (value) => value & mask) };
  });

/** Entropy-coded bytes: codes of five bits for all 17 categories. */
class BitSink {
  readonly bytes: number[] = [];
  #bits: number[] = [];

  put(value: number, count: number): void {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
  }

  difference(modulo: number): void {
    const difference = modulo >= 32_768 ? modulo - 65_536 : modulo;
    const category = difference === -32_768 ? 16 : 32 - Math.clz32(Math.abs(difference));
    this.put(category, 5);
    if (category < 16) this.put(difference < 0 ? difference + 2 ** category - 1 : difference, category);
  }

  flush(): void {
    while (this.#bits.length % 8 !== 0) this.#bits.push(1);
    for (let at = 0; at < this.#bits.length; at += 8) {
      const byte = Number.parseInt(this.#bits.slice(at, at + 8).join(''), 2);
      this.bytes.push(byte, ...(byte === 0xff ? [0] : []));
    }
    this.#bits = [];
  }
}

/** T.81 H.1.2.1. @param isFresh the first line, or the first after a restart */
function predicted(image: Image, row: number, column: number, component: number, isFresh: boolean): number {
  const sample = (y: number, x: number): number =>
    (image.samples[(y * image.columns + x) * image.components + component] ?? 0) >> image.pointTransform;
  if (isFresh) {
    return column === 0 ? 1 << (image.precision - image.pointTransform - 1) : sample(row, column - 1);
  }
  const rb = sample(row - 1, column);
  if (column === 0) return rb;
  const [ra, rc] = [sample(row, column - 1), sample(row - 1, column - 1)];
  const by = [0, ra, rb, rc, ra + rb - rc, ra + ((rb - rc) >> 1), rb + ((ra - rc) >> 1), (ra + rb) >> 1];
  return by[image.predictor] as number;
}

function entropyCoded(image: Image): number[] {
  const { rows, columns, components, restartLines, pointTransform, samples } = image;
  const sink = new BitSink();
  for (let row = 0; row < rows; row++) {
    const isFresh = restartLines === 0 ? row === 0 : row % restartLines === 0;
    if (isFresh && row > 0) {
      sink.flush();
      sink.bytes.push(0xff, 0xd0 + ((row / restartLines - 1) % 8));
    }
    for (let at = 0; at < columns * components; at++) {
      const sample = (samples[row * columns * components + at] as number) >> pointTransform;
      const expected = predicted(image, row, Math.floor(at / components), at % components, isFresh);
      sink.difference((sample - expected) & 0xffff);
    }
  }
  sink.flush();
  return sink.bytes;
}

/** An encoder as T.81 H describes it, for these tests alone. */
function encode(image: Image): Uint8Array {
  const { rows, columns, components, precision, predictor, pointTransform, restartLines } = image;
  const word = (value: number): number[] => [value >> 8, value & 0xff];
  const ids = Array.from({ length: components }, (_, index) => index + 1);
  const categories = Array.from({ length: 17 }, (_, index) => index);
  const empty = new Array<number>(11).fill(0);
  const restart = restartLines === 0 ? [] : [0xff, 0xdd, 0, 4, ...word(restartLines * columns)];
  const frame = [precision, ...word(rows), ...word(columns), components, ...ids.flatMap((id) => [id, 0x11, 0])];
  const scan = [components, ...ids.flatMap((id) => [id, 0]), predictor, 0, pointTransform];
  const segments = [
    [0xff, 0xd8],
    [0xff, 0xc4, ...word(2 + 17 + 17), 0, 0, 0, 0, 0, 17, ...empty, ...categories],
    restart,
    [0xff, 0xc3, ...word(2 + frame.length), ...frame],
    [0xff, 0xda, ...word(2 + scan.length), ...scan],
    entropyCoded(image),
    [0xff, 0xd9],
  ];
  return Uint8Array.from(segments.flat());
}

test('lossless JPEG comes back: any predictor, 2 to 16 bits, restarts, point transform', () =>
  fc.assert(
    fc.property(anyImage, (image) => {
      const { frame, samples } = decodeJpeg(encode(image));
      assert.deepEqual([frame.rows, frame.columns, frame.precision], [image.rows, image.columns, image.precision]);
      assert.deepEqual(samples, image.samples);
    }),
    { numRuns: 500 },
  ));

test('a stream that is cut or changed decodes or fails with a reason', () =>
  fc.assert(
    fc.property(anyImage, fc.nat(), fc.nat(), fc.integer({ min: 0, max: 255 }), (image, cut, place, byte) => {
      const stream = encode(image).slice(0, 20 + (cut % 200));
      stream[place % stream.length] = byte;
      try {
        decodeJpeg(stream);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code.startsWith('pixel/'), String(thrown));
      }
    }),
    { numRuns: 1000 },
  ));

test('a restart interval that is cut is a reason, too', () => {
  const stream = Uint8Array.of(0xff, 0xd8, 0xff, 0xdd, 0, 2, 0xff, 0xd9);
  assert.throws(() => decodeJpeg(stream), { code: 'pixel/malformed', detail: 'restart interval cut' });
});

test('an entropy-coded segment that ends too early is no image', () => {
  const samples = Uint16Array.from({ length: 63 }, (_, index) => (index * 977) % 4096);
  const image = {
    rows: 7,
    columns: 9,
    components: 1,
    precision: 12,
    predictor: 1,
    pointTransform: 0,
    restartLines: 0,
    samples,
  };
  const whole = encode(image);
  assert.throws(
    () => decodeJpeg(whole.subarray(0, whole.length - 20)),
    (thrown) => thrown instanceof Failure && thrown.code === 'pixel/malformed',
  );
});
