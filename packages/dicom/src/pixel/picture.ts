import { rgbOf } from './colour.ts';
import type { ImageDescription, NativeFrame } from './description.ts';
import { drawOverlay } from './overlay.ts';
import type { Presentation } from './presentation.ts';
import { cellsOfFrame, rangeOf, type Samples, samplesOf } from './samples.ts';
import { modalityOf, shadeOf } from './voi.ts';

/** A frame as it is shown: 8 bits, grey or RGB by pixel. */
export type Picture = { width: number; height: number; channels: 1 | 3; data: Uint8Array };

const SHADES_MAX = 255;
/** Up to here every possible value gets its shade once, and pixels only look it up. */
const TABLE_BITS_MAX = 16;

/**
 * Renders a frame (PS3.4 N.2.1): modality, VOI and presentation transformations of grey images, colours of others, and
 * the overlays on top.
 * @throws {Failure} pixel/malformed, pixel/unsupported
 */
export function pictureOf(frame: NativeFrame, presentation: Presentation): Picture {
  const { bytes, description } = frame;
  const isGrey = description.photometricInterpretation.startsWith('MONOCHROME');
  const data = isGrey ? greyOf(frame, presentation) : rgbOf(samplesOf(frame), description, presentation.palette);
  const channels = isGrey ? 1 : 3;
  // What needed no change is still the frame itself, which is not to be drawn upon.
  const own = presentation.overlays.length > 0 && data.buffer === bytes.buffer ? data.slice() : data;
  for (const overlay of presentation.overlays) drawOverlay(overlay, frame, own, channels);
  return { width: description.columns, height: description.rows, channels, data: own };
}

function greyOf(frame: NativeFrame, presentation: Presentation): Uint8Array {
  const { description } = frame;
  const { modality, voi, padding, isInverse } = presentation;
  const modalityValue = modalityOf(modality);
  const range = voi.kind === 'range' ? rangeOf(samplesOf(frame), padding) : ([0, 0] as const);
  const isTabled = !description.isFloat && description.bitsStored <= TABLE_BITS_MAX;
  const shade = shadeOf(voi, modalityRange(range, modalityValue, isTabled), SHADES_MAX);
  const shown = (stored: number): number => {
    const y = shade(modalityValue(stored));
    return isInverse ? SHADES_MAX - y : y;
  };
  if (isTabled) return looked(cellsOfFrame(frame), description, tableOf(description, presentation, shown));
  const samples = samplesOf(frame);
  const out = new Uint8ClampedArray(samples.length);
  for (let index = 0; index < out.length; index++) out[index] = shown(samples[index] as number);
  return new Uint8Array(out.buffer);
}

/** What a table of shades follows from; undefined where that is more than a few numbers. */
function tableKeyOf(
  { bitsStored, isSigned }: ImageDescription,
  { modality, voi, isInverse }: Presentation,
): string | undefined {
  if (modality.kind !== 'rescale' || voi.kind !== 'window') return undefined;
  return JSON.stringify([modality, voi.window, isInverse, bitsStored, isSigned]);
}

/** Of the picture before: those of a series mostly have one window, and 65,536 shades take longer than the pixels. */
let last: { key: string; table: Uint8ClampedArray } | undefined;

/** The shade of each pattern of the stored bits. */
function tableOf(
  description: ImageDescription,
  presentation: Presentation,
  shown: (stored: number) => number,
): Uint8ClampedArray {
  const key = tableKeyOf(description, presentation);
  if (key !== undefined && key === last?.key) return last.table;
  const { bitsStored, isSigned } = description;
  const table = new Uint8ClampedArray(2 ** bitsStored);
  const negative = isSigned ? table.length / 2 : table.length;
  for (let bits = 0; bits < table.length; bits++) table[bits] = shown(bits < negative ? bits : bits - table.length);
  if (key !== undefined) last = { key, table };
  return table;
}

function looked(cells: Samples, { bitsStored, highBit }: ImageDescription, table: Uint8ClampedArray): Uint8Array {
  const right = highBit + 1 - bitsStored;
  const mask = table.length - 1;
  const out = new Uint8Array(cells.length);
  for (let index = 0; index < out.length; index++) {
    out[index] = table[((cells[index] as number) >>> right) & mask] as number;
  }
  return out;
}

/** A table need not be monotonic, so every value in between counts. */
function modalityRange(
  [low, high]: readonly [number, number],
  modalityValue: (stored: number) => number,
  isTabled: boolean,
): [number, number] {
  const ends: [number, number] = [modalityValue(low), modalityValue(high)];
  if (!isTabled) return [Math.min(...ends), Math.max(...ends)];
  let [least, most] = [Math.min(...ends), Math.max(...ends)];
  for (let stored = low; stored <= high; stored++) {
    const value = modalityValue(stored);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return [least, most];
}
