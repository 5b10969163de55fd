import { findAttribute, vrOf } from '../dictionary.ts';
import { VRS, type Vr } from '../vr.ts';

/** The three ways to write the header of a data element (PS3.5 7.1) that exist on the wire. */
export type Encoding = { explicitVr: boolean; littleEndian: boolean };

export const UNDEFINED_LENGTH = 0xffffffff;
export const ITEM = 0xfffee000;
export const ITEM_DELIMITATION = 0xfffee00d;
export const SEQUENCE_DELIMITATION = 0xfffee0dd;

const SHORT_HEADER_BYTES = 8;
const LONG_HEADER_BYTES = 12;

/** Reused from element to element, since millions of them are decoded. */
export type Header = {
  tag: number;
  vr: Vr;
  /** 0xFFFFFFFF for undefined. */
  length: number;
  headerBytes: number;
  /** The VR field of an explicit header did not hold a VR of the standard. */
  isIrregular: boolean;
};

export const newHeader = (): Header => ({ tag: 0, vr: 'UN', length: 0, headerBytes: 0, isIrregular: false });

const LETTER_A = 0x41;
const VR_BY_LETTERS: (Vr | undefined)[] = Array.from({ length: 26 * 26 });
for (const vr of Object.keys(VRS) as Vr[]) {
  VR_BY_LETTERS[(vr.charCodeAt(0) - LETTER_A) * 26 + vr.charCodeAt(1) - LETTER_A] = vr;
}

const BLANK = 0x20;
const QUESTION_MARK = 0x3f;

const isPrintable = (byte: number): boolean => byte >= BLANK && byte < 0x7f;
const isUpperCase = (byte: number): boolean => byte >= LETTER_A && byte < LETTER_A + 26;

function u16(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const first = bytes[at] as number;
  const second = bytes[at + 1] as number;
  return littleEndian ? first | (second << 8) : (first << 8) | second;
}

function u32(bytes: Uint8Array, at: number, littleEndian: boolean): number {
  const first = u16(bytes, at, littleEndian);
  const second = u16(bytes, at + 2, littleEndian);
  return (littleEndian ? (second << 16) | first : (first << 16) | second) >>> 0;
}

/** The VR whose two letters stand at `at`, if any. */
export function vrAt(bytes: Uint8Array, at: number): Vr | undefined {
  const first = bytes[at] as number;
  const second = bytes[at + 1] as number;
  return isUpperCase(first) && isUpperCase(second)
    ? VR_BY_LETTERS[(first - LETTER_A) * 26 + second - LETTER_A]
    : undefined;
}

/**
 * Decode the header of the data element, item or delimiter at `at` (PS3.5 7.1, 7.5).
 *
 * @param isEnded no bytes follow `end`: an undecided form is then taken as the short one.
 * @returns 0 when `into` was filled, else how many contiguous bytes it takes.
 */
export function decodeHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  encoding: Encoding,
  into: Header,
  isEnded: boolean,
): number {
  if (end - at < SHORT_HEADER_BYTES) return SHORT_HEADER_BYTES;
  const { littleEndian } = encoding;
  into.tag = ((u16(bytes, at, littleEndian) << 16) | u16(bytes, at + 2, littleEndian)) >>> 0;
  into.isIrregular = false;
  if (encoding.explicitVr && into.tag >>> 16 !== ITEM >>> 16) {
    return decodeExplicit(bytes, at, end, littleEndian, into, isEnded);
  }
  takeImplicit(bytes, at, littleEndian, into);
  return 0;
}

function takeImplicit(bytes: Uint8Array, at: number, littleEndian: boolean, into: Header): void {
  into.vr = into.tag >>> 16 === ITEM >>> 16 ? 'UN' : vrOf(into.tag);
  into.length = u32(bytes, at + 4, littleEndian);
  into.headerBytes = SHORT_HEADER_BYTES;
}

function takeShort(bytes: Uint8Array, at: number, littleEndian: boolean, vr: Vr, into: Header): void {
  into.vr = vr;
  into.length = u16(bytes, at + 6, littleEndian);
  into.headerBytes = SHORT_HEADER_BYTES;
}

function decodeExplicit(
  bytes: Uint8Array,
  at: number,
  end: number,
  littleEndian: boolean,
  into: Header,
  isEnded: boolean,
): number {
  const vr = vrAt(bytes, at + 4);
  if (vr !== undefined && VRS[vr].lengthBytes === 2) {
    takeShort(bytes, at, littleEndian, vr, into);
    return 0;
  }
  into.isIrregular = vr === undefined;
  if (vr === undefined && !hasLongForm(bytes, at, end, isEnded)) {
    takeIrregular(bytes, at, littleEndian, into);
    return 0;
  }
  if (end - at < LONG_HEADER_BYTES) return LONG_HEADER_BYTES;
  into.vr = vr ?? 'UN';
  into.length = u32(bytes, at + 8, littleEndian);
  into.headerBytes = LONG_HEADER_BYTES;
  return 0;
}

/**
 * PS3.5 7.1.2: a VR this reader does not know has the 32-bit length field. Believed of two upper-case
 * letters followed by the two reserved zero bytes; other letters with a length there are old private VRs.
 */
function hasLongForm(bytes: Uint8Array, at: number, end: number, isEnded: boolean): boolean {
  if (!isUpperCase(bytes[at + 4] as number) || !isUpperCase(bytes[at + 5] as number)) return false;
  if (bytes[at + 6] !== 0 || bytes[at + 7] !== 0) return false;
  return !(isEnded && end - at < LONG_HEADER_BYTES);
}

/**
 * DEVIATION: toolkits of the nineties wrote no VR, blanks or question marks with a 16-bit length where
 * they did not know the VR, and some copied implicit VR elements unchanged into an explicit data set.
 * The VR is the dictionary's in both cases. Zero bytes can be either: where a large value is to be
 * expected they are taken as the low half of a 32-bit length, else as a missing VR.
 */
function takeIrregular(bytes: Uint8Array, at: number, littleEndian: boolean, into: Header): void {
  const vr = vrOf(into.tag);
  const first = bytes[at + 4] as number;
  const second = bytes[at + 5] as number;
  const isPlaceholder = first === second && (first === BLANK || first === QUESTION_MARK);
  const isOtherText = isPrintable(first) && isPrintable(second) && u16(bytes, at + 6, littleEndian) !== 0;
  const isMissing = first === 0 && second === 0 && (vr === 'UN' || VRS[vr].lengthBytes === 2);
  if (isPlaceholder || isOtherText || isMissing) takeShort(bytes, at, littleEndian, vr, into);
  else takeImplicit(bytes, at, littleEndian, into);
}

/**
 * True where a header that should be implicit VR is an explicit one of the very VR that the dictionary
 * has for its tag: no length of a first element looks like that.
 */
export function looksExplicit(bytes: Uint8Array, at: number, tag: number): boolean {
  const vr = vrAt(bytes, at + 4);
  return vr !== undefined && (vrOf(tag) === vr || findAttribute(tag)?.vrs.includes(vr) === true);
}
