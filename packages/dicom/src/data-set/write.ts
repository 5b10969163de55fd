import { Failure } from '@acervo/kernel/failure.ts';
import { tagText } from '../tag.ts';
import { VRS, type Vr } from '../vr.ts';
import { evened } from './build.ts';
import { IMPLICIT_LITTLE } from './frame.ts';
import { type Encoding, ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION, UNDEFINED_LENGTH } from './header.ts';
import { PARSE_LIMITS } from './limits.ts';
import type { DataSet, Element, Fragment, Tag } from './model.ts';
import { inOtherOrder } from './swap.ts';

export { dataSetOf, element, encapsulated, numberElement, sequence, textElement } from './build.ts';

export type WriteOptions = {
  /** Lengths of sequences and their items. `as-read`: of each sequence as its element has it. */
  lengths?: 'as-read' | 'defined' | 'undefined';
};

/** The longest even length that a 16-bit field holds. */
const SHORT_LENGTH_MAX = 0xfffe;

/**
 * Write a data set, in tag order, every value padded to even length. Of a deflated syntax these are the
 * bytes to deflate. What has no value here (it was left where it lies, or is a sequence too deep to be
 * read) cannot be written.
 *
 * A value of more than 65534 bytes in a VR with a 16-bit length is written as UN, in little endian, which
 * explicit VR allows for this reason (PS3.5 6.2.2, CP-1066). UN sequences (CP-246) stay what they are.
 *
 * @throws {Failure} parse/limit when nested deeper than `depthMax`.
 * @throws {RangeError} an element without a value.
 */
export function writeDataSet(dataSet: DataSet, syntax: Encoding, options: WriteOptions = {}): Uint8Array {
  const writer = new Writer(options.lengths ?? 'as-read');
  writer.elements(dataSet, syntax, 0);
  return writer.bytes();
}

/** The bytes of a header of an element or, with VR undefined, of an item or delimiter. */
export function headerBytes(tag: Tag, vr: Vr | undefined, length: number, encoding: Encoding): Uint8Array {
  const { explicitVr, littleEndian } = encoding;
  const isLong = explicitVr && vr !== undefined && VRS[vr].lengthBytes === 4;
  const view = new DataView(new ArrayBuffer(isLong ? 12 : 8));
  view.setUint16(0, tag >>> 16, littleEndian);
  view.setUint16(2, tag & 0xffff, littleEndian);
  if (explicitVr && vr !== undefined) {
    view.setUint8(4, vr.charCodeAt(0));
    view.setUint8(5, vr.charCodeAt(1));
    if (isLong) view.setUint32(8, length, littleEndian);
    else view.setUint16(6, length, littleEndian);
  } else {
    view.setUint32(4, length, littleEndian);
  }
  return new Uint8Array(view.buffer);
}

/** The VR that can carry a value of this length in explicit VR. */
export function vrForLength(vr: Vr, lengthBytes: number): Vr {
  return VRS[vr].lengthBytes === 2 && lengthBytes > SHORT_LENGTH_MAX ? 'UN' : vr;
}

class Writer {
  readonly #lengths: 'as-read' | 'defined' | 'undefined';
  #out = new Uint8Array(1024);
  #end = 0;

  constructor(lengths: 'as-read' | 'defined' | 'undefined') {
    this.#lengths = lengths;
  }

  bytes(): Uint8Array {
    return this.#out.subarray(0, this.#end);
  }

  elements(dataSet: DataSet, encoding: Encoding, depth: number): void {
    if (depth > PARSE_LIMITS.depthMax) throw new Failure('parse/limit', `deeper than ${PARSE_LIMITS.depthMax}`);
    const inOrder = [...dataSet.elements.values()].sort((a, b) => a.tag - b.tag);
    for (const each of inOrder) {
      if (each.items !== undefined) this.#sequence(each, each.items, encoding, depth);
      else if (each.fragments !== undefined) this.#encapsulated(each, each.fragments, encoding);
      else this.#value(each, dataSet.littleEndian, encoding);
    }
  }

  #value(of: Element, isLittle: boolean, encoding: Encoding): void {
    if (of.value === undefined) throw new RangeError(`element ${tagText(of.tag)} has no value here`);
    const value = evened(of.value, of.vr);
    const vr = encoding.explicitVr ? vrForLength(of.vr, value.length) : of.vr;
    // UN is little endian whatever the transfer syntax (PS3.5 6.2.2 note 7).
    const toLittle = vr === 'UN' || encoding.littleEndian;
    this.#put(headerBytes(of.tag, vr, value.length, encoding));
    this.#put(isLittle === toLittle ? value : inOtherOrder(value, of.vr));
  }

  #sequence(of: Element, items: readonly DataSet[], encoding: Encoding, depth: number): void {
    const isUn = of.vr === 'UN';
    const isDefined = !isUn && (this.#lengths === 'as-read' ? of.length !== undefined : this.#lengths === 'defined');
    const inside = isUn ? IMPLICIT_LITTLE : encoding;
    this.#structure(of.tag, of.vr, isDefined, encoding, () => {
      for (const item of items) {
        this.#structure(ITEM, undefined, isDefined, inside, () => this.elements(item, inside, depth + 1));
        if (!isDefined) this.#put(headerBytes(ITEM_DELIMITATION, undefined, 0, inside));
      }
      if (!isDefined) this.#put(headerBytes(SEQUENCE_DELIMITATION, undefined, 0, inside));
    });
  }

  #encapsulated(of: Element, fragments: readonly Fragment[], encoding: Encoding): void {
    this.#put(headerBytes(of.tag, of.vr, UNDEFINED_LENGTH, encoding));
    for (const { value } of fragments) {
      if (value === undefined) throw new RangeError(`fragment of ${tagText(of.tag)} has no value here`);
      const even = evened(value, 'OB');
      this.#put(headerBytes(ITEM, undefined, even.length, encoding));
      this.#put(even);
    }
    this.#put(headerBytes(SEQUENCE_DELIMITATION, undefined, 0, encoding));
  }

  /** A header whose length, where it is defined, is known when its content has been written. */
  #structure(tag: Tag, vr: Vr | undefined, isDefined: boolean, encoding: Encoding, content: () => void): void {
    this.#put(headerBytes(tag, vr, UNDEFINED_LENGTH, encoding));
    const start = this.#end;
    content();
    if (!isDefined) return;
    new DataView(this.#out.buffer).setUint32(start - 4, this.#end - start, encoding.littleEndian);
  }

  #put(bytes: Uint8Array): void {
    const end = this.#end + bytes.length;
    if (end > this.#out.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#out.length));
      grown.set(this.#out.subarray(0, this.#end));
      this.#out = grown;
    }
    this.#out.set(bytes, this.#end);
    this.#end = end;
  }
}
