import { viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';

/** What the main header of a JPEG 2000 code stream says (T.800 A.5, A.6). */
export type Jpeg2000Header = {
  rows: number;
  columns: number;
  components: number;
  /** Components are transformed among each other (RCT or ICT): what comes out is RGB. */
  usesComponentTransform: boolean;
};

const START = 0xff4f;
const SIZE = 0xff51;
const CODING_STYLE = 0xff52;
const TILE_PART = 0xff90;
const COMPONENTS_MAX = 16_384;
/** SIZ stands first in a code stream; in a JP2 file, boxes come before it. */
const BOXES_BYTES_MAX = 4096;

/** @throws {Failure} pixel/malformed */
export function jpeg2000Header(bytes: Uint8Array): Jpeg2000Header {
  const view = viewOf(bytes);
  let at = startOf(bytes) + 2;
  let size: Omit<Jpeg2000Header, 'usesComponentTransform'> | undefined;
  while (at + 4 <= bytes.length) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker === TILE_PART || length < 2 || at + 2 + length > bytes.length) break;
    if (marker === SIZE && length >= 38) size = sizeOf(view, at + 4);
    // SGcod: progression order, layers (2 bytes), transformation.
    if (marker === CODING_STYLE && length >= 12 && size !== undefined) {
      return { ...size, usesComponentTransform: view.getUint8(at + 8) === 1 };
    }
    at += 2 + length;
  }
  throw new Failure('pixel/malformed', 'no main header of JPEG 2000');
}

function sizeOf(view: DataView, at: number): Omit<Jpeg2000Header, 'usesComponentTransform'> {
  const [right, bottom, left, top] = [2, 6, 10, 14].map((offset) => view.getUint32(at + offset)) as [
    number,
    number,
    number,
    number,
  ];
  const components = view.getUint16(at + 34);
  if (right <= left || bottom <= top || components < 1 || components > COMPONENTS_MAX) {
    throw new Failure('pixel/malformed', `JPEG 2000 of ${bottom - top} x ${right - left} x ${components}`);
  }
  return { rows: bottom - top, columns: right - left, components };
}

function startOf(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  const end = Math.min(bytes.length - 4, BOXES_BYTES_MAX);
  for (let at = 0; at <= end; at++) {
    if (view.getUint16(at) === START && view.getUint16(at + 2) === SIZE) return at;
  }
  throw new Failure('pixel/malformed', 'no JPEG 2000 code stream');
}
