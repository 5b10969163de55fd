import { Failure } from '@acervo/kernel/failure.ts';
import { encodingAt, type Frame, IMPLICIT_LITTLE, isPlausible, NO_LEVEL, newFrame } from './frame.ts';
import {
  decodeHeader,
  type Encoding,
  type Header,
  ITEM,
  ITEM_DELIMITATION,
  looksExplicit,
  newHeader,
  SEQUENCE_DELIMITATION,
  UNDEFINED_LENGTH,
} from './header.ts';
import type { ParseLimits, ParseMark } from './limits.ts';
import type { Element, Fragment } from './model.ts';
import type { ByteWindow } from './window.ts';

/** What the walker cannot go on without: `need` contiguous bytes at the cursor, or the cursor `skip` bytes on. */
export type Demand = { need: number } | { skip: number };

/**
 * What the visitor wants of a value: all of it at once (`whole`), its bytes as they come (`chunks`),
 * `nothing`, or to `stop` the walk before it. A sequence is entered unless it wants `nothing` or `stop`.
 */
export type Want = 'whole' | 'chunks' | 'nothing' | 'stop';

/** `opaque`: a sequence beyond `depthMax`, which is passed over. */
export type Form = 'value' | 'sequence' | 'fragments' | 'opaque';

/** Called for what is found, in the order of the bytes. Nothing is called inside of what was not wanted. */
export type Visitor = {
  /**
   * @param depth number of sequences around it.
   * @param hasVr the VR stood in the bytes; else it is the dictionary's.
   */
  element(element: Element, form: Form, depth: number, hasVr: boolean): Want;
  /** `bytes` are a view, valid during the call; all chunks but the last are multiples of 8 bytes. */
  value(bytes: Uint8Array, isLast: boolean): void;
  item(littleEndian: boolean): void;
  itemEnd(): void;
  fragment(fragment: Fragment, depth: number): Want;
  /** The last item or fragment has ended. */
  sequenceEnd(): void;
};

/** How a walk ended; `offset` is where, in bytes. `stopped`: at the header of the element that stopped it. */
export type WalkEnd = { reason: 'complete' | 'stopped' | 'truncated' | 'garbage' | 'padding'; offset: number };

const EXPLICIT_LITTLE: Encoding = { explicitVr: true, littleEndian: true };
const HEADER_BYTES = 8;
const EMPTY = new Uint8Array(0);
const CHUNK_UNIT_BYTES = 8;

/**
 * Walk a data set of any transfer syntax (inflated, where it is deflated) without reading or keeping more
 * than the visitor wants. Iterative: nesting costs no stack. Yields only when the window does not reach.
 *
 * Order of trust: an outer length rules over an inner one, a delimiter over the wish for one more element.
 *
 * @throws {Failure} parse/limit; parse/malformed when the bytes cannot be a data set and held no UID yet.
 */
export function* walkDataSet(
  window: ByteWindow,
  encoding: Encoding,
  visitor: Visitor,
  marks: Set<ParseMark>,
  limits: ParseLimits,
): Generator<Demand, WalkEnd> {
  const walker = new Walker(window, encoding, visitor, marks, limits);
  while (walker.reason === undefined) {
    const demand = walker.step();
    if (demand !== undefined) yield demand;
  }
  return { reason: walker.reason, offset: walker.endOffset };
}

/** Each step consumes one header, delimiter or stretch of a value, or nothing and says what it lacks. */
class Walker {
  reason: WalkEnd['reason'] | undefined;
  endOffset = 0;
  readonly #window: ByteWindow;
  readonly #visitor: Visitor;
  readonly #marks: Set<ParseMark>;
  readonly #limits: ParseLimits;
  readonly #header: Header = newHeader();
  readonly #frames: Frame[];
  #top: Frame;
  /** Sequences around the cursor. */
  #depth = 0;
  #elements = 0;
  #items = 0;
  #fragments = 0;
  #hasUid = false;
  /** Where a value or structure that nobody wants ends; nothing to skip when not beyond the cursor. */
  #skipTo = 0;
  /** A value under way: how it is wanted and how many bytes are left. */
  #want: 'whole' | 'chunks' | undefined;
  #left = 0;

  constructor(window: ByteWindow, encoding: Encoding, visitor: Visitor, marks: Set<ParseMark>, limits: ParseLimits) {
    this.#window = window;
    this.#visitor = visitor;
    this.#marks = marks;
    this.#limits = limits;
    this.#top = newFrame('elements', Number.POSITIVE_INFINITY, true, encoding, false);
    this.#frames = [this.#top];
  }

  step(): Demand | undefined {
    if (this.#skipTo > this.#window.offset) return this.#skipOn();
    if (this.#want !== undefined) return this.#passValue();
    const frame = this.#top;
    const left = frame.end - this.#window.offset;
    if (left <= 0) return this.#close(frame.isDelimited ? 'delimiter' : undefined);
    if (left < HEADER_BYTES) return this.#skipRest(left);
    const lack = this.#readHeader(frame);
    if (lack > 0) return this.#lack(lack);
    switch (frame.kind) {
      case 'elements':
        return this.#onElement(frame);
      case 'items':
        return this.#onItem(frame);
      case 'fragments':
        return this.#onFragment(frame);
      case 'opaque':
        return this.#onOpaque(frame);
    }
  }

  #readHeader(frame: Frame): number {
    const { bytes, at, end, isEnded } = this.#window;
    const lack = decodeHeader(bytes, at, end, encodingAt(frame), this.#header, isEnded);
    if (lack > 0 || !this.#isExplicitAfterAll(frame)) return lack;
    this.#marks.add('vr');
    frame.encoding = EXPLICIT_LITTLE;
    frame.implicitLevel = NO_LEVEL;
    return decodeHeader(bytes, at, end, frame.encoding, this.#header, isEnded);
  }

  /**
   * DEVIATION: data sets announced as implicit VR, and UN sequences (which must be), that are explicit VR.
   * The first header of a data set or item decides for the whole.
   */
  #isExplicitAfterAll(frame: Frame): boolean {
    const isFirst = frame.kind === 'elements' ? frame.lastTag < 0 : frame.kind === 'opaque' && frame.lastTag === ITEM;
    if (!isFirst || encodingAt(frame).explicitVr || this.#header.tag >>> 16 === ITEM >>> 16) return false;
    return looksExplicit(this.#window.bytes, this.#window.at, this.#header.tag);
  }

  #lack(bytes: number): Demand | undefined {
    if (!this.#window.isEnded) return { need: bytes };
    const isRoot = this.#frames.length === 1;
    const left = this.#window.bytes.subarray(this.#window.at, this.#window.end);
    if (left.length === 0 && isRoot) return this.#finish('complete');
    if (isRoot && left.every((byte) => byte === 0)) return this.#finish('padding');
    if (left.length === 0) this.#marks.add('delimiter');
    return this.#finish('truncated');
  }

  #finish(reason: WalkEnd['reason']): undefined {
    this.reason = reason;
    this.endOffset = this.#window.offset;
    if (reason === 'garbage' && !this.#hasUid) {
      throw new Failure('parse/malformed', `no data element at offset ${this.endOffset}, and no UID before`);
    }
    if (reason !== 'complete' && reason !== 'stopped') this.#marks.add(reason);
  }

  #skipOn(): Demand | undefined {
    const left = this.#skipTo - this.#window.offset;
    if (left <= this.#window.available) {
      this.#window.at += left;
      return undefined;
    }
    if (!this.#window.isEnded) return { skip: left };
    this.#window.at = this.#window.end;
    return this.#finish('truncated');
  }

  /** Too few bytes for a header before the end of the enclosing sequence or item. */
  #skipRest(left: number): undefined {
    this.#marks.add('overrun');
    this.#skipTo = this.#window.offset + left;
  }

  #passValue(): Demand | undefined {
    const { bytes, at, available } = this.#window;
    const isWhole = this.#want === 'whole';
    const least = isWhole ? this.#left : Math.min(this.#left, CHUNK_UNIT_BYTES);
    if (available < least) return this.#window.isEnded ? this.#finish('truncated') : { need: least };
    const length = available >= this.#left ? this.#left : available - (available % CHUNK_UNIT_BYTES);
    this.#window.at += length;
    this.#left -= length;
    if (this.#left === 0) this.#want = undefined;
    this.#visitor.value(bytes.subarray(at, at + length), this.#left === 0);
    return undefined;
  }

  /** `mark`: ended by something other than its own length or delimiter. */
  #close(mark?: ParseMark): undefined {
    if (mark !== undefined) this.#marks.add(mark);
    const frame = this.#frames.pop() as Frame;
    this.#top = this.#frames[this.#frames.length - 1] as Frame;
    if (frame.kind === 'items') this.#depth -= 1;
    if (frame.isQuiet) return;
    if (frame.kind === 'elements') this.#visitor.itemEnd();
    else this.#visitor.sequenceEnd();
  }

  #open(frame: Frame): void {
    this.#frames.push(frame);
    this.#top = frame;
  }

  #consumeHeader(): void {
    this.#window.at += this.#header.headerBytes;
  }

  /** The end by `length`, cut where the enclosing structure ends. */
  #endOf(length: number, enclosingEnd: number): number {
    const end = this.#window.offset + length;
    if (length === UNDEFINED_LENGTH) return enclosingEnd;
    if (end > enclosingEnd) this.#marks.add('overrun');
    return Math.min(end, enclosingEnd);
  }

  #onElement(frame: Frame): undefined {
    const header = this.#header;
    if (header.tag >>> 16 === ITEM >>> 16) return this.#onDelimiter(frame);
    const isRoot = this.#frames.length === 1;
    if (isRoot && header.tag === 0 && header.length === 0) return this.#finish('padding');
    if (isRoot && !isPlausible(header, frame)) return this.#finish('garbage');
    if (header.headerBytes > frame.end - this.#window.offset) {
      return this.#skipRest(frame.end - this.#window.offset);
    }
    this.#noteOddities(header, frame, isRoot);
    this.#elements = this.#count(this.#elements, 'elementsMax');
    const { offset } = this.#window;
    this.#consumeHeader();
    this.#visit(frame);
    if (this.reason === 'stopped') this.endOffset = offset;
  }

  #noteOddities(header: Header, frame: Frame, isRoot: boolean): void {
    if (header.tag === frame.lastTag) this.#marks.add('duplicate');
    else if (header.tag < frame.lastTag) this.#marks.add('order');
    else frame.lastTag = header.tag;
    if (header.isIrregular) this.#marks.add('vr');
    if (header.length % 2 === 1 && header.length !== UNDEFINED_LENGTH) this.#marks.add('length');
    if (!isRoot) return;
    if (header.tag < 0x00030000) this.#marks.add('group');
    if (header.vr === 'UI' && header.length > 0) this.#hasUid = true;
  }

  #count(count: number, limit: 'elementsMax' | 'itemsMax' | 'fragmentsMax'): number {
    if (count >= this.#limits[limit]) throw new Failure('parse/limit', `more than ${limit} ${this.#limits[limit]}`);
    return count + 1;
  }

  /** Hand the element whose header was just consumed to the visitor, and prepare what it wants. */
  #visit(frame: Frame): void {
    const { tag, vr } = this.#header;
    const isUndefined = this.#header.length === UNDEFINED_LENGTH;
    const end = this.#endOf(this.#header.length, frame.end);
    const { offset } = this.#window;
    const element: Element = { tag, vr, length: isUndefined ? undefined : end - offset, offset };
    const form = this.#formOf(this.#header, frame);
    const hasVr = frame.encoding.explicitVr && !this.#header.isIrregular;
    const want = this.#visitor.element(element, form, this.#depth, hasVr);
    if (want === 'stop') {
      this.#finish('stopped');
    } else if (form === 'fragments') {
      this.#open(newFrame('fragments', end, true, frame.encoding, want === 'nothing'));
    } else if (form !== 'value' && (want === 'nothing' || form === 'opaque')) {
      this.#passOver(end, isUndefined, frame.encoding, vr === 'UN');
    } else if (form === 'sequence') {
      this.#depth += 1;
      this.#open(newFrame('items', end, isUndefined, vr === 'UN' ? IMPLICIT_LITTLE : frame.encoding, false));
    } else {
      this.#startValue(want, end - offset);
    }
  }

  /**
   * PS3.5 6.2.2 note 7, CP-246: UN of undefined length is a sequence in implicit VR little endian. What
   * else has an undefined length is encapsulated (A.4); in implicit VR, where nothing but Pixel Data could
   * be, it is a sequence that the dictionary does not know.
   */
  #formOf(header: Header, frame: Frame): Form {
    const isUndefined = header.length === UNDEFINED_LENGTH;
    const isPixelData = header.tag === 0x7fe00010;
    const isSequence =
      header.vr === 'SQ' || (isUndefined && !isPixelData && (header.vr === 'UN' || !frame.encoding.explicitVr));
    if (!isSequence) return isUndefined ? 'fragments' : 'value';
    if (this.#depth < this.#limits.depthMax) return 'sequence';
    this.#marks.add('depth');
    return 'opaque';
  }

  #passOver(end: number, isUndefined: boolean, encoding: Encoding, isImplicit: boolean): void {
    if (!isUndefined) {
      this.#skipTo = end;
      return;
    }
    const frame = newFrame('opaque', end, true, encoding, true);
    frame.level = 1;
    if (isImplicit) frame.implicitLevel = 1;
    this.#open(frame);
  }

  #startValue(want: 'whole' | 'chunks' | 'nothing', length: number): void {
    if (want === 'nothing') {
      this.#skipTo = this.#window.offset + length;
    } else if (length === 0) {
      this.#visitor.value(EMPTY, true);
    } else {
      this.#want = want;
      this.#left = length;
    }
  }

  #onDelimiter(frame: Frame): undefined {
    const { tag } = this.#header;
    if (this.#frames.length === 1 && tag === ITEM) return this.#finish('garbage');
    const isOwn = frame.isDelimited && this.#frames.length > 1;
    if (isOwn && tag !== ITEM_DELIMITATION) return this.#close('delimiter');
    this.#consumeHeader();
    return isOwn ? this.#close() : void this.#marks.add('delimiter');
  }

  #onItem(frame: Frame): undefined {
    const { tag, length } = this.#header;
    if (tag === ITEM) {
      this.#items = this.#count(this.#items, 'itemsMax');
      this.#consumeHeader();
      const isDelimited = length === UNDEFINED_LENGTH;
      this.#open(newFrame('elements', this.#endOf(length, frame.end), isDelimited, frame.encoding, false));
      this.#visitor.item(frame.encoding.littleEndian);
      return;
    }
    this.#endSequence(frame);
  }

  #onFragment(frame: Frame): undefined {
    const { tag, length } = this.#header;
    if (tag !== ITEM) return this.#endSequence(frame);
    if (length === UNDEFINED_LENGTH) return this.#finish('garbage');
    this.#fragments = this.#count(this.#fragments, 'fragmentsMax');
    this.#consumeHeader();
    const { offset } = this.#window;
    const fragment: Fragment = { offset, length: this.#endOf(length, frame.end) - offset };
    const want = frame.isQuiet ? 'nothing' : this.#visitor.fragment(fragment, this.#depth);
    this.#startValue(want === 'stop' ? 'nothing' : want, fragment.length);
  }

  /** Where an item was expected: the delimiter, a stray one, or, the delimiter missing, the next element. */
  #endSequence(frame: Frame): undefined {
    const { tag } = this.#header;
    if (tag === SEQUENCE_DELIMITATION || tag === ITEM_DELIMITATION) {
      this.#consumeHeader();
      const isOwn = tag === SEQUENCE_DELIMITATION && frame.isDelimited;
      return isOwn ? this.#close() : void this.#marks.add('delimiter');
    }
    this.#marks.add('delimiter');
    if (frame.isDelimited) return this.#close();
    this.#skipTo = frame.end;
  }

  /** Pass over a structure of undefined length at any depth, in constant memory: only its levels count. */
  #onOpaque(frame: Frame): undefined {
    const { tag, vr, length } = this.#header;
    frame.lastTag = tag;
    this.#elements = this.#count(this.#elements, 'elementsMax');
    this.#consumeHeader();
    if (tag === ITEM_DELIMITATION || tag === SEQUENCE_DELIMITATION) {
      frame.level -= 1;
      if (frame.level < frame.implicitLevel) frame.implicitLevel = NO_LEVEL;
      return frame.level === 0 ? this.#close() : undefined;
    }
    if (length !== UNDEFINED_LENGTH) {
      this.#skipTo = this.#endOf(length, frame.end);
      return;
    }
    frame.level += 1;
    if (vr === 'UN' && tag !== ITEM) frame.implicitLevel = Math.min(frame.implicitLevel, frame.level);
  }
}
