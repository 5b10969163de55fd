import { numberOf, numbersOf, textsOf } from '../data-set/access.ts';
import type { DataSet } from '../data-set/model.ts';
import { T } from '../tags.ts';
import type { NativeFrame } from './description.ts';

/** One overlay plane of one frame (PS3.3 C.9.2). Plain data. */
export type Overlay = {
  rows: number;
  columns: number;
  /** Row and column of the image, from 1, that its first point lies on. */
  origin: readonly [row: number, column: number];
  /** Packed bits and the first of them; or which bit of each pixel's cell it is (retired, PS3.5 8.1.2). */
  plane: { bits: Uint8Array; firstBit: number } | { bitPosition: number };
};

const GROUPS = 16;
const GROUP_STEP = 0x00020000;
const IMAGE_FRAME_ORIGIN = 0x60000051;

/** The graphic overlays that show on frame `number` (from 1). A region of interest would hide what it marks. */
export function readOverlays(dataSet: DataSet, number: number): Overlay[] {
  return Array.from({ length: GROUPS }, (_, group) => readOverlay(dataSet, group * GROUP_STEP, number)).flat();
}

function readOverlay(dataSet: DataSet, group: number, number: number): Overlay[] {
  const at = (tag: number): number | undefined => numberOf(dataSet, tag + group);
  const rows = at(T.OverlayRows) ?? 0;
  const columns = at(T.OverlayColumns) ?? 0;
  const isGraphic = textsOf(dataSet.elements.get(T.OverlayType + group))[0] === 'G';
  if (!isGraphic || rows < 1 || columns < 1) return [];
  const [row = 1, column = 1] = numbersOf(dataSet.elements.get(T.OverlayOrigin + group), dataSet.littleEndian);
  const origin: [number, number] = [row, column];
  const data = dataSet.elements.get(T.OverlayData + group)?.value;
  if (data === undefined) {
    const bitPosition = at(T.OverlayBitPosition) ?? 0;
    return bitPosition > 0 ? [{ rows, columns, origin, plane: { bitPosition } }] : [];
  }
  const frames = at(T.NumberOfFramesInOverlay);
  const index = frames === undefined ? 0 : number - (at(IMAGE_FRAME_ORIGIN) ?? 1);
  if (index < 0 || index >= (frames ?? 1)) return [];
  const firstBit = index * rows * columns;
  if (Math.ceil((firstBit + rows * columns) / 8) > data.length) return [];
  return [{ rows, columns, origin, plane: { bits: data, firstBit } }];
}

/** Draws an overlay in white over a picture of the frame. */
export function drawOverlay(overlay: Overlay, frame: NativeFrame, picture: Uint8Array, channels: 1 | 3): void {
  const { rows, columns } = frame.description;
  const isSet = testerOf(overlay, frame);
  const [top, left] = [overlay.origin[0] - 1, overlay.origin[1] - 1];
  for (let y = Math.max(0, -top); y < overlay.rows && y + top < rows; y++) {
    for (let x = Math.max(0, -left); x < overlay.columns && x + left < columns; x++) {
      if (!isSet(y, x)) continue;
      const at = ((y + top) * columns + x + left) * channels;
      picture.fill(0xff, at, at + channels);
    }
  }
}

function testerOf({ plane, columns, origin }: Overlay, frame: NativeFrame): (y: number, x: number) => boolean {
  if ('bits' in plane) {
    const { bits, firstBit } = plane;
    return (y, x) => {
      const bit = firstBit + y * columns + x;
      return (((bits[bit >> 3] as number) >> (bit & 7)) & 1) === 1;
    };
  }
  const { description, bytes } = frame;
  const width = description.bitsAllocated / 8;
  const byte = plane.bitPosition >> 3;
  return (y, x) => {
    const pixel = (y + origin[0] - 1) * description.columns + x + origin[1] - 1;
    const cell = bytes[pixel * width + byte] ?? 0;
    return byte < width && ((cell >> (plane.bitPosition & 7)) & 1) === 1;
  };
}
