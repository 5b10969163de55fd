import { decodeHeader, type Encoding, type Header, newHeader, UNDEFINED_LENGTH } from '../data-set/header.ts';
import type { ParseMark } from '../data-set/limits.ts';
import type { DataSet, Element, Tag } from '../data-set/model.ts';
import { T } from '../tags.ts';
import { VRS, type Vr } from '../vr.ts';
import { attributeJson, type JsonOptions, type JsonScope, jsonScope } from './to-json.ts';

/** Where an element of the data set before stood, and what was written of it. Offsets in bytes. */
type Slot = {
  tag: Tag;
  vr: Vr;
  /** From the beginning of its header to the end of its value, in the data set. */
  at: number;
  end: number;
  textAt: number;
  textEnd: number;
  /** The text holds an address, which is that of one data set only. */
  hasAddress: boolean;
  /** It cannot be made from the bytes of a value: a sequence, or what the others depend on. */
  isFixed: boolean;
  /** Pixel data: the value stays where it lies. */
  isElsewhere: boolean;
};

type BulkDataUri = NonNullable<JsonOptions['bulkDataUri']>;

/** The data set before, whose bytes and text the next one takes over where they are the same. */
type Model = {
  slots: Slot[];
  head: Uint8Array;
  headBytes: number;
  encoding: Encoding;
  scope: JsonScope;
};

/** What a reader found beside the data set that it made. */
export type Origin = { encoding: Encoding; marks: ReadonlySet<ParseMark>; dataSetBytes: number };

/** Of a data set whose header is longer no other one is like. Readers must not leave out shorter values. */
export const HEAD_BYTES_MAX = 64 * 1024;
const TEXT_BYTES = 64 * 1024;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
/** A character of UTF-16 is at most so many bytes of UTF-8. */
const UTF8_BYTES_MAX = 3;

const NOTHING = new Uint8Array(0);
const encoder = new TextEncoder();

/**
 * The texts that `toDicomJsonText` makes of several data sets, with commas between them, in UTF-8.
 *
 * The images of a series have nearly all of their headers in common. Where a data set has the same elements in the
 * same order as the one before it, the text of those that are the same byte for byte is copied, and the others are
 * made from their bytes; no model of the data set is built. That is told from the bytes alone, so `appendAlike` either
 * writes exactly what `append` would, or nothing.
 */
export class AlikeJson {
  #text = new Uint8Array(TEXT_BYTES);
  #length = 0;
  #model: Model | undefined;
  /** What was appended last, until its head is known. */
  #candidate: Model | undefined;
  readonly #header: Header = newHeader();
  /** Of the data set at hand, by slot: where the element begins, and what is made anew. */
  readonly #starts: number[] = [];
  readonly #changed: (Element | undefined)[] = [];
  #hasAddress = false;

  /** The text until now. */
  take(): Uint8Array {
    return this.#text.slice(0, this.#length);
  }

  /**
   * Write a data set.
   * @returns how many of its bytes, from its beginning, `keep` wants to know so that the next one can be like it;
   *   0 when nothing can be.
   */
  append(dataSet: DataSet, origin: Origin, options: JsonOptions): number {
    this.#model = undefined;
    this.#candidate = undefined;
    const spied = { ...options, bulkDataUri: this.#spied(options.bulkDataUri) };
    const scope = jsonScope(dataSet, spied);
    const slots = slotsOf(dataSet, origin);
    this.#begin();
    let isFirst = true;
    for (const [index, element] of [...dataSet.elements.values()].sort((a, b) => a.tag - b.tag).entries()) {
      const textAt = this.#length;
      this.#hasAddress = false;
      isFirst = !this.#put(attributeJson(element, scope), isFirst) && isFirst;
      const slot = slots?.[index];
      if (slot !== undefined) Object.assign(slot, { textAt, textEnd: this.#length, hasAddress: this.#hasAddress });
    }
    this.#end(isFirst);
    const last = slots?.at(-1);
    if (slots === undefined || last === undefined) return 0;
    const headBytes = last.isElsewhere ? last.at + headerBytes(last.vr, origin.encoding) : last.end;
    if (headBytes > HEAD_BYTES_MAX) return 0;
    this.#candidate = { slots, head: NOTHING, headBytes, encoding: origin.encoding, scope };
    return headBytes;
  }

  /** The beginning of the data set that was appended last. It is copied. */
  keep(head: Uint8Array): void {
    const model = this.#candidate;
    this.#candidate = undefined;
    if (model === undefined || head.length < model.headBytes) return;
    model.head = new Uint8Array(head.subarray(0, model.headBytes));
    this.#model = model;
  }

  /**
   * Write a data set if it is like the one before.
   * @param head its beginning, as much as is at hand.
   * @returns false when it is not, or that cannot be told from `head`; nothing was written then.
   */
  appendAlike(head: Uint8Array, origin: Omit<Origin, 'marks'>, bulkDataUri: BulkDataUri): boolean {
    const model = this.#model;
    if (model === undefined || !isSameEncoding(model.encoding, origin.encoding)) return false;
    const end = this.#match(model, head, origin.dataSetBytes);
    if (end !== origin.dataSetBytes) return false;
    model.scope.options.bulkDataUri = this.#spied(bulkDataUri);
    this.#write(model);
    this.#remember(model, head, end);
    return true;
  }

  /** Find every element of the model in `head`. @returns where the last one ends; -1 when one is not there. */
  #match(model: Model, head: Uint8Array, dataSetBytes: number): number {
    let at = 0;
    for (const [index, slot] of model.slots.entries()) {
      this.#starts[index] = at;
      const bytes = slot.end - slot.at;
      const isSame =
        !slot.hasAddress &&
        !slot.isElsewhere &&
        at + bytes <= head.length &&
        isEqual(head, at, model.head, slot, bytes);
      this.#changed[index] = undefined;
      if (isSame) {
        at += bytes;
        continue;
      }
      const element = slot.isFixed ? undefined : this.#elementAt(at, slot, model, head);
      if (element?.length === undefined) return -1;
      this.#changed[index] = element;
      at = element.offset + element.length;
      if (at > dataSetBytes) return -1;
    }
    return at;
  }

  /** The element at an offset, if it takes the place of the one that the model has there and changes nothing else. */
  #elementAt(at: number, slot: Slot, { encoding, head: before }: Model, head: Uint8Array): Element | undefined {
    const header = this.#header;
    if (decodeHeader(head, at, head.length, encoding, header, false) > 0) return undefined;
    const { tag, vr, length, isIrregular } = header;
    if (tag !== slot.tag || vr !== slot.vr || isIrregular || length === UNDEFINED_LENGTH) return undefined;
    const offset = at + header.headerBytes;
    if (slot.isElsewhere) return { tag, vr, length, offset };
    // An odd length is marked by the reader, and what is marked is no model.
    if (length % 2 === 1 || offset + length > head.length) return undefined;
    const value = head.subarray(offset, offset + length);
    const element = { tag, vr, length, offset, value };
    if (!VRS[vr].charset) return element;
    // What is not ASCII tells of the character set, which is chosen for the data set as a whole.
    const valueBefore = before.subarray(slot.at + headerBytes(vr, encoding), slot.end);
    return isAscii(value) && isAscii(valueBefore) ? element : undefined;
  }

  #write({ slots, scope }: Model): void {
    this.#begin();
    let isFirst = true;
    for (let index = 0; index < slots.length; ) {
      const element = this.#changed[index];
      const slot = slots[index] as Slot;
      if (element !== undefined) {
        slot.textAt = this.#length;
        isFirst = !this.#put(attributeJson(element, scope), isFirst) && isFirst;
        slot.textEnd = this.#length;
        index += 1;
        continue;
      }
      let next = index + 1;
      while (next < slots.length && this.#changed[next] === undefined) next += 1;
      isFirst = !this.#copy(slots.slice(index, next), isFirst) && isFirst;
      index = next;
    }
    this.#end(isFirst);
  }

  /** The texts of neighbours stand together: one copy. @returns false when they are empty */
  #copy(slots: readonly Slot[], isFirst: boolean): boolean {
    const from = slots[0]?.textAt ?? 0;
    const to = slots.at(-1)?.textEnd ?? from;
    this.#reserve(to - from);
    this.#text.copyWithin(this.#length, from, to);
    if (to > from) this.#text[this.#length] = isFirst ? OPEN : COMMA;
    const shift = this.#length - from;
    this.#length += to - from;
    for (const slot of slots) {
      slot.textAt += shift;
      slot.textEnd += shift;
    }
    return to > from;
  }

  /** The data set at hand becomes the model. */
  #remember(model: Model, head: Uint8Array, end: number): void {
    const { slots } = model;
    for (const [index, slot] of slots.entries()) {
      slot.at = this.#starts[index] as number;
      slot.end = this.#starts[index + 1] ?? end;
    }
    const last = slots.at(-1) as Slot;
    last.end = end;
    model.headBytes = last.isElsewhere ? last.at + headerBytes(last.vr, model.encoding) : end;
    if (model.head.length < model.headBytes) model.head = new Uint8Array(model.headBytes * 2);
    model.head.set(head.subarray(0, model.headBytes));
  }

  #spied(bulkDataUri: JsonOptions['bulkDataUri']): BulkDataUri {
    return (path, element) => {
      this.#hasAddress = true;
      return bulkDataUri?.(path, element);
    };
  }

  #begin(): void {
    if (this.#length > 0) this.#byte(COMMA);
  }

  #end(isEmpty: boolean): void {
    if (isEmpty) this.#byte(OPEN);
    this.#byte(CLOSE);
  }

  /** An attribute with the brace or comma before it. @returns false when there was none */
  #put(attribute: string | undefined, isFirst: boolean): boolean {
    if (attribute === undefined) return false;
    this.#byte(isFirst ? OPEN : COMMA);
    this.#reserve(UTF8_BYTES_MAX * attribute.length);
    this.#length += encoder.encodeInto(attribute, this.#text.subarray(this.#length)).written;
    return true;
  }

  #byte(byte: number): void {
    this.#reserve(1);
    this.#text[this.#length] = byte;
    this.#length += 1;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#text.length) return;
    const grown = new Uint8Array(2 * (this.#length + bytes));
    grown.set(this.#text.subarray(0, this.#length));
    this.#text = grown;
  }
}

/**
 * Where the elements of a data set stand; undefined where that is not clear: what a reader marked, compressed pixel
 * data, values that were left out, anything behind the pixel data.
 */
function slotsOf(dataSet: DataSet, { encoding, marks, dataSetBytes }: Origin): Slot[] | undefined {
  if (marks.size > 0) return undefined;
  const elements = [...dataSet.elements.values()];
  const slots: Slot[] = [];
  let at = 0;
  for (const [index, element] of elements.entries()) {
    const { tag, vr, offset, length, value, items, fragments } = element;
    const next = elements[index + 1];
    const end = next === undefined ? dataSetBytes : next.offset - headerBytes(next.vr, encoding);
    const isValue = items === undefined && fragments === undefined && length !== undefined;
    const isElsewhere = value === undefined && items === undefined;
    const isClear =
      offset === at + headerBytes(vr, encoding) &&
      (items !== undefined || (isValue && offset + length === end)) &&
      (!isElsewhere || (next === undefined && isPixels(tag)));
    if (!isClear) return undefined;
    // The first header decides whether an implicit data set is one after all.
    const decides = index === 0 && !encoding.explicitVr;
    const isFixed = !isValue || decides || tag === T.SpecificCharacterSet || tag === T.PixelRepresentation;
    slots.push({ tag, vr, at, end, textAt: 0, textEnd: 0, hasAddress: false, isFixed, isElsewhere });
    at = end;
  }
  return at === dataSetBytes ? slots : undefined;
}

const isPixels = (tag: Tag): boolean => tag >>> 16 === 0x7fe0;

/** PS3.5 7.1.2, 7.1.3. */
const headerBytes = (vr: Vr, { explicitVr }: Encoding): number => (explicitVr && VRS[vr].lengthBytes === 4 ? 12 : 8);

const isSameEncoding = (a: Encoding, b: Encoding): boolean =>
  a.explicitVr === b.explicitVr && a.littleEndian === b.littleEndian;

function isEqual(head: Uint8Array, at: number, before: Uint8Array, slot: Slot, bytes: number): boolean {
  for (let index = 0; index < bytes; index++) if (head[at + index] !== before[slot.at + index]) return false;
  return true;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] as number) >= 0x80) return false;
  return true;
}
