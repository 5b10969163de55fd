import type { Vr } from '../vr.ts';

/** A tag as one unsigned 32-bit number: group in the upper 16 bits, element in the lower. */
export type Tag = number;

/**
 * One data element (PS3.5 7.1) as it stood in the bytes. A reader never changes data: `value` is a view
 * of the received bytes in the byte order of the data set, padding included.
 */
export type Element = {
  tag: Tag;
  /** The VR on the wire; in implicit VR the dictionary's, `UN` where it knows none (PS3.5 6.2.2). */
  vr: Vr;
  /** Value length in bytes; undefined for the undefined length 0xFFFFFFFF. */
  length: number | undefined;
  /** Offset of the value in the (inflated) data set, in bytes. */
  offset: number;
  /** The value, or undefined when it was left where it lies (bulk data, or skipped by the visitor). */
  value?: Uint8Array;
  /** The items of a sequence (VR SQ, or UN of undefined length read by CP-246). */
  items?: DataSet[];
  /** The fragments of encapsulated pixel data (PS3.5 A.4), the Basic Offset Table first. */
  fragments?: Fragment[];
};

/** One item of an encapsulated pixel data value: where its bytes lie in the data set, in bytes. */
export type Fragment = {
  offset: number;
  length: number;
  /** The bytes, or undefined when they were left where they lie. */
  value?: Uint8Array;
};

/** A data set or item: its elements in the order they came, found by tag. */
export type DataSet = {
  elements: Map<Tag, Element>;
  /** Byte order of the values below, also those inside of items. */
  littleEndian: boolean;
};
