/**
 * What a reader of data sets accepts at most. Real objects stay far below: the largest known headers are
 * of whole-slide images, with some hundred thousand frames and a handful of items and elements for each.
 */
export const PARSE_LIMITS = {
  /** Nested sequences. A deeper one is kept as an opaque value (mark `depth`). */
  depthMax: 64,
  /** Data elements in one data set, those of its items included; beyond: `parse/limit`. */
  elementsMax: 4_000_000,
  /** Items of all sequences together; beyond: `parse/limit`. */
  itemsMax: 2_000_000,
  /** Fragments of all encapsulated pixel data together; beyond: `parse/limit`. */
  fragmentsMax: 4_000_000,
  /** A longer value stays where it lies: its element has an offset and a length only. */
  valueBytesMax: 1 << 20,
  /** Memory of everything a reader keeps, values and their bookkeeping; beyond: `parse/limit`. */
  headerBytesMax: 64 << 20,
  /** Inflated bytes per deflated byte, once `inflatedBytesFree` are exceeded; beyond: `parse/limit`. */
  deflateRatioMax: 200,
  /** Inflated bytes that are never held against the ratio. */
  inflatedBytesFree: 16 << 20,
  /** File Meta Information (PS3.10 7.1); beyond: `parse/limit`. */
  metaBytesMax: 1 << 20,
} as const;

export type ParseLimits = Record<keyof typeof PARSE_LIMITS, number>;

/**
 * What was wrong with a data set that could be read all the same:
 * - `truncated`: the bytes end inside of an element, or of a sequence of undefined length.
 * - `garbage`: reading stopped at bytes that cannot be a data element; what lies behind is unread.
 * - `padding`: zero bytes after the last element.
 * - `depth`: a sequence beyond `depthMax` was left unread.
 * - `order`: tags not ascending (PS3.5 7.1).
 * - `duplicate`: a tag came again in the same data set or item. The first one is kept; a kept data set
 *   does not show the later ones, which this mark therefore does.
 * - `length`: a value of odd length (PS3.5 7.1.1).
 * - `overrun`: a length reaches beyond its sequence or item; it was cut there.
 * - `delimiter`: a delimiter missing, or where none belongs.
 * - `vr`: a VR not of the standard, or none in explicit VR, or one in implicit VR.
 * - `group`: elements of group 0000 or 0002, which belong to a command or a file, not to a data set.
 */
export type ParseMark =
  | 'truncated'
  | 'garbage'
  | 'padding'
  | 'depth'
  | 'order'
  | 'duplicate'
  | 'length'
  | 'overrun'
  | 'delimiter'
  | 'vr'
  | 'group';
