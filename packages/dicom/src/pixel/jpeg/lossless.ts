import { Failure } from '@acervo/kernel/failure.ts';
import { EntropyBits, type HuffmanTable } from './huffman.ts';
import type { JpegFrame, JpegScan } from './stream.ts';

/** Where predictions come from while one scan is decoded. */
type Plane = { table: HuffmanTable; out: Uint16Array; offset: number };

/**
 * Decodes one scan of a lossless frame (T.81 H) into samples by pixel.
 * @param out samples of all components, interleaved: [rows, columns, components]
 * @returns where the scan ends
 * @throws {Failure} pixel/malformed, pixel/unsupported
 */
export function decodeLosslessScan(
  bytes: Uint8Array,
  at: number,
  frame: JpegFrame,
  scan: JpegScan,
  out: Uint16Array,
): number {
  const { rows, columns, components, precision } = frame;
  const { start: predictor, low: pointTransform, restartInterval } = scan;
  if (predictor < 1 || predictor > 7) throw new Failure('pixel/malformed', `predictor ${predictor}`);
  if (pointTransform >= precision) throw new Failure('pixel/malformed', `point transform ${pointTransform}`);
  if (components.some(({ h, v }) => h !== 1 || v !== 1)) {
    throw new Failure('pixel/unsupported', 'lossless JPEG with subsampled components');
  }
  const planes = scan.components.map(({ index, dc }): Plane => {
    if (dc === undefined) throw new Failure('pixel/malformed', 'scan without its Huffman table');
    return { table: dc, out, offset: index };
  });
  // T.81 H.1.1: a whole number of lines, so that a line never restarts in its midst.
  if (restartInterval % columns !== 0) throw new Failure('pixel/malformed', `restart interval ${restartInterval}`);
  const bits = new EntropyBits(bytes, at);
  const step = components.length;
  const initial = 1 << (precision - pointTransform - 1);
  const linesFresh = restartInterval === 0 ? rows : restartInterval / columns;
  for (let row = 0; row < rows; row++) {
    const isFresh = row % linesFresh === 0;
    if (isFresh && row > 0) bits.restart();
    decodeLine(bits, planes, { row, columns, step, predictor, isFresh, initial });
  }
  if (pointTransform > 0) shiftUp(planes, rows * columns, step, pointTransform);
  return bits.position;
}

/** `isFresh`: the first line, or the first after a restart, is predicted from the left alone (T.81 H.1.2.1). */
type Line = { row: number; columns: number; step: number; predictor: number; isFresh: boolean; initial: number };

/** Samples of one line, of all components of the scan in turn. */
function decodeLine(bits: EntropyBits, planes: readonly Plane[], line: Line): void {
  const { row, columns, step, predictor, isFresh, initial } = line;
  const lineStep = columns * step;
  for (const { table, out, offset } of planes) {
    const at = row * lineStep + offset;
    out[at] = (isFresh ? initial : (out[at - lineStep] as number)) + difference(bits, table);
    if (planes.length > 1) continue;
    if (isFresh || predictor === 1) decodeFromLeft(bits, table, out, at + step, at + lineStep, step);
    else for (let next = at + step; next < at + lineStep; next += step) decodeNext(bits, table, out, next, line);
  }
  if (planes.length === 1) return;
  const from: Line = isFresh ? { ...line, predictor: 1 } : line;
  for (let column = 1; column < columns; column++) {
    for (const { table, out, offset } of planes)
      decodeNext(bits, table, out, row * lineStep + column * step + offset, from);
  }
}

function decodeFromLeft(
  bits: EntropyBits,
  table: HuffmanTable,
  out: Uint16Array,
  from: number,
  end: number,
  step: number,
): void {
  let sample = out[from - step] as number;
  for (let at = from; at < end; at += step) {
    sample += difference(bits, table);
    out[at] = sample;
  }
}

function decodeNext(
  bits: EntropyBits,
  table: HuffmanTable,
  out: Uint16Array,
  at: number,
  { columns, step, predictor }: Line,
): void {
  const above = at - columns * step;
  // Within the first line there is nothing above: what is read there is not used, as it is predicted from the left.
  const predicted = predict(predictor, out[at - step] as number, out[above] as number, out[above - step] as number);
  out[at] = predicted + difference(bits, table);
}

/** T.81 table H.1; the sum is taken modulo 2^16. */
function predict(predictor: number, ra: number, rb: number, rc: number): number {
  switch (predictor) {
    case 1:
      return ra;
    case 2:
      return rb;
    case 3:
      return rc;
    case 4:
      return ra + rb - rc;
    case 5:
      return ra + ((rb - rc) >> 1);
    case 6:
      return rb + ((ra - rc) >> 1);
    default:
      return (ra + rb) >> 1;
  }
}

/** T.81 H.1.2.2: category 16 has no further bits. */
function difference(bits: EntropyBits, table: HuffmanTable): number {
  const category = bits.symbol(table);
  if (category === 0) return 0;
  if (category < 16) return bits.signed(category);
  if (category === 16) return 32_768;
  throw new Failure('pixel/malformed', `difference of ${category} bits`);
}

function shiftUp(planes: readonly Plane[], pixels: number, step: number, by: number): void {
  for (const { out, offset } of planes) {
    for (let pixel = 0; pixel < pixels; pixel++)
      out[pixel * step + offset] = (out[pixel * step + offset] as number) << by;
  }
}
