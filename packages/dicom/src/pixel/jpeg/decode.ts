import { Failure } from '@acervo/kernel/failure.ts';
import { FRAME_BYTES_MAX } from '../description.ts';
import { type Blocks, blocksOf, decodeScan, zigzagAt } from './coefficients.ts';
import { inverseDct } from './inverse-dct.ts';
import { decodeLosslessScan } from './lossless.ts';
import { type JpegFrame, type JpegMarks, type JpegTables, readJpeg } from './stream.ts';

/** A decoded stream: samples by pixel, [rows, columns, components], as they were coded: no colour is converted. */
export type JpegImage = { frame: JpegFrame; marks: JpegMarks; samples: Uint16Array };

const LOSSLESS = 3;
/** Baseline, extended and progressive, with Huffman codes (T.81 table B.1). */
const DCT: readonly number[] = [0, 1, 2];

/**
 * Decodes a JPEG stream (T.81) of 2 to 16 bits: lossless with any predictor, sequential and progressive DCT, all with
 * Huffman codes. Chroma that was subsampled is repeated.
 * @throws {Failure} pixel/unsupported for arithmetic coding and hierarchical streams; pixel/malformed; pixel/limit
 */
export function decodeJpeg(bytes: Uint8Array): JpegImage {
  let frame: JpegFrame | undefined;
  let blocks: Blocks[] = [];
  let samples: Uint16Array = new Uint16Array(0);
  let quantization: JpegTables['quantization'] = [];
  const marks = readJpeg(bytes, {
    frame: (found) => {
      frame = found;
      const count = found.rows * found.columns * found.components.length;
      if (count * 2 > FRAME_BYTES_MAX) throw new Failure('pixel/limit', `a JPEG frame of ${count} samples`);
      if (found.process === LOSSLESS) samples = new Uint16Array(count);
      else if (DCT.includes(found.process)) blocks = blocksOf(found);
      else throw new Failure('pixel/unsupported', `JPEG process SOF${found.process}`);
    },
    scan: (scan, tables, at) => {
      const of = frame as JpegFrame;
      if (of.process === LOSSLESS) return decodeLosslessScan(bytes, at, of, scan, samples);
      ({ quantization } = tables);
      return decodeScan(bytes, at, scan, blocks, of.process === 2);
    },
  });
  if (frame === undefined) throw new Failure('pixel/malformed', 'JPEG stream without a frame');
  if (frame.process !== LOSSLESS) samples = samplesOf(frame, blocks, quantization);
  return { frame, marks, samples };
}

function samplesOf(frame: JpegFrame, blocks: readonly Blocks[], quantization: JpegTables['quantization']): Uint16Array {
  const count = blocks.length;
  const samples = new Uint16Array(frame.rows * frame.columns * count);
  const hMax = Math.max(...blocks.map(({ h }) => h));
  const vMax = Math.max(...blocks.map(({ v }) => v));
  for (const [index, own] of blocks.entries()) {
    const table = quantization[own.quantization];
    if (table === undefined) throw new Failure('pixel/malformed', 'quantization table missing');
    const plane = planeOf(own, table, frame.precision);
    const width = own.across * 8;
    const columns = Uint32Array.from({ length: frame.columns }, (_, column) => Math.floor((column * own.h) / hMax));
    for (let row = 0; row < frame.rows; row++) {
      const from = Math.floor((row * own.v) / vMax) * width;
      let at = row * frame.columns * count + index;
      for (let column = 0; column < frame.columns; column++, at += count) {
        samples[at] = plane[from + (columns[column] as number)] as number;
      }
    }
  }
  return samples;
}

/** The samples of one component at its own resolution, whole blocks. */
function planeOf(own: Blocks, table: Uint16Array, precision: number): Uint16Array {
  const width = own.across * 8;
  const plane = new Uint16Array(width * own.down * 8);
  const factors = new Float64Array(64);
  for (let index = 0; index < 64; index++) factors[zigzagAt(index)] = table[index] as number;
  const block = new Float64Array(64);
  const middle = 2 ** (precision - 1) + 0.5;
  const max = 2 ** precision - 1;
  for (let down = 0; down < own.down; down++) {
    for (let across = 0; across < own.across; across++) {
      inverseDct(own.coefficients, (down * own.stride + across) * 64, factors, block);
      const corner = down * 8 * width + across * 8;
      for (let index = 0; index < 64; index++) {
        const sample = (block[index] as number) + middle;
        plane[corner + (index >> 3) * width + (index & 7)] = sample < 0 ? 0 : sample > max ? max : sample;
      }
    }
  }
  return plane;
}
