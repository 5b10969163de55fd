import { type Encoding, type Header, UNDEFINED_LENGTH } from './header.ts';

/** One structure that a walker is inside of. */
export type Frame = {
  kind: 'elements' | 'items' | 'fragments' | 'opaque';
  /** Offset where it ends at the latest: by its own length or that of what encloses it. */
  end: number;
  /** Of undefined length: a delimiter ends it. */
  isDelimited: boolean;
  encoding: Encoding;
  /** The visitor does not want what is inside. */
  isQuiet: boolean;
  /** Of `elements`: the highest tag yet, -1 before the first. Of `opaque`: the tag before. */
  lastTag: number;
  /** Of `opaque`: open structures of undefined length; and from which of them on VR is implicit. */
  level: number;
  implicitLevel: number;
};

export const IMPLICIT_LITTLE: Encoding = { explicitVr: false, littleEndian: true };
export const NO_LEVEL = Number.POSITIVE_INFINITY;

/** No private element is that large in an object that can be sent; four letters read as a length are. */
const UNKNOWN_LENGTH_MAX = 0x20000000;

export const newFrame = (
  kind: Frame['kind'],
  end: number,
  isDelimited: boolean,
  encoding: Encoding,
  isQuiet: boolean,
): Frame => ({
  kind,
  end,
  isDelimited,
  encoding,
  isQuiet,
  lastTag: -1,
  level: 0,
  implicitLevel: NO_LEVEL,
});

/** The encoding of the next header in a frame. */
export const encodingAt = (frame: Frame): Encoding =>
  frame.level < frame.implicitLevel ? frame.encoding : IMPLICIT_LITTLE;

/**
 * False for what no writer of data sets produces. Judged from the header alone, never from the number of
 * bytes that follow, so that a stream and a file are judged alike.
 */
export function isPlausible(header: Header, frame: Frame): boolean {
  const isExplicit = frame.encoding.explicitVr && !header.isIrregular;
  if (isExplicit || header.vr !== 'UN') return true;
  const isFirst = frame.lastTag < 0;
  const isPrivate = (header.tag & 0x10000) !== 0;
  if (isFirst && !isPrivate) return false;
  if (frame.encoding.explicitVr && header.tag < frame.lastTag) return false;
  return header.length < UNKNOWN_LENGTH_MAX || header.length === UNDEFINED_LENGTH;
}
