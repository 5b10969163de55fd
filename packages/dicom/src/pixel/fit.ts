import { Failure } from '@acervo/kernel/failure.ts';
import type { ImageDescription, NativeFrame } from './description.ts';
import { interleaved } from './samples.ts';

/** What a decoder made of a stream. */
export type CodedSamples = {
  rows: number;
  columns: number;
  components: number;
  /** Bits of a sample, 1 to 16. */
  precision: number;
  isSigned: boolean;
  values: Uint8Array | Int8Array | Uint16Array | Int16Array;
  /** By component rather than by pixel. */
  isPlanar?: boolean;
};

/**
 * Decoded samples as a native frame of their image. They keep their two's complement, so that a sign that only header
 * or only stream know comes out as the header says (PS3.5 8.1.1, 8.2.4).
 *
 * @param bitsBy 'header': its Bits Stored hold, and what lies beyond is no value (lossless codecs carry whole cells);
 *   'stream': where samples do not fit into Bits Stored, those of the stream hold.
 * @throws {Failure} pixel/malformed where the stream has another size than the header, or other components
 */
export function fitted(coded: CodedSamples, of: ImageDescription, bitsBy: 'header' | 'stream'): NativeFrame {
  const { rows, columns, components, precision, values } = coded;
  if (rows !== of.rows || columns !== of.columns || components !== of.samplesPerPixel) {
    throw new Failure('pixel/malformed', `${rows} x ${columns} x ${components} in place of the header's`);
  }
  const ordered = coded.isPlanar === true ? interleaved(values, components) : values;
  const description: ImageDescription = { ...of, planarConfiguration: 0 };
  if (of.bitsAllocated === 1) return { bytes: packed(ordered), description };
  const bitsAllocated = Math.max(of.bitsAllocated, precision > 8 ? 16 : 8);
  const bitsStored = bitsBy === 'stream' && overflows(ordered, coded, of) ? precision : of.bitsStored;
  const isOther = bitsStored !== of.bitsStored;
  return {
    bytes: cells(ordered, bitsAllocated),
    description: { ...description, bitsAllocated, bitsStored, highBit: isOther ? bitsStored - 1 : of.highBit },
  };
}

function overflows(
  values: CodedSamples['values'],
  { precision, isSigned }: CodedSamples,
  of: ImageDescription,
): boolean {
  if (precision <= of.bitsStored) return false;
  const max = isSigned ? 2 ** (of.bitsStored - 1) - 1 : 2 ** of.bitsStored - 1;
  const min = isSigned ? -max - 1 : 0;
  return values.some((value) => value > max || value < min);
}

/** Cells of 8, 16 or 32 bits in little endian. */
function cells(values: CodedSamples['values'], bitsAllocated: number): Uint8Array {
  if (values.BYTES_PER_ELEMENT * 8 === bitsAllocated) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  }
  const wide =
    bitsAllocated === 8
      ? Uint8Array.from(values)
      : bitsAllocated === 16
        ? Uint16Array.from(values)
        : Uint32Array.from(values);
  return new Uint8Array(wide.buffer);
}

/** PS3.5 8.1.1: one bit to a pixel, the first the lowest. */
function packed(values: CodedSamples['values']): Uint8Array {
  const out = new Uint8Array(Math.ceil(values.length / 8));
  for (let index = 0; index < values.length; index++) {
    if (values[index] !== 0) out[index >> 3] = (out[index >> 3] as number) | (1 << (index & 7));
  }
  return out;
}
