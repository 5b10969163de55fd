import { Failure } from '@acervo/kernel/failure.ts';
import type { Vr } from '../vr.ts';
import { PARSE_LIMITS, type ParseLimits, type ParseMark } from './limits.ts';
import type { DataSet, Element, Fragment, Tag } from './model.ts';
import type { Form, Visitor, Want } from './walk.ts';

/** What a reader of data sets may be asked for. */
export type ReadOptions = {
  /** The encoding of the bytes; of a deflated data set: of the inflated bytes. */
  syntax: { explicitVr: boolean; littleEndian: boolean };
  /**
   * True for an element that shall be in the data set. A sequence that is not kept is passed over with all
   * its items. Default: everything. `length` is undefined for an undefined length; `depth` counts the
   * sequences around.
   */
  keep?: (tag: Tag, vr: Vr, length: number | undefined, depth: number) => boolean;
  /** A longer value is left where it lies: its element has `offset` and `length` only. */
  valueBytesMax?: number;
  /** Read nothing from the first element of group 7FE0 or beyond on; that element has no value. */
  stopAtPixelData?: boolean;
  limits?: Partial<ParseLimits>;
};

/** Group 7FE0, Pixel Data: where the header of an object ends. */
const BULK = 0x7fe00000;
const BULK_LAST = 0x7fe0ffff;
/** Rough memory of an element, item or fragment in the model, in bytes: so that empty ones cost too. */
const ELEMENT_BYTES = 128;
const ITEM_BYTES = 256;
const FRAGMENT_BYTES = 32;
const UNLIMITED = Number.POSITIVE_INFINITY;

export const limitsOf = (options: ReadOptions): ParseLimits => ({ ...PARSE_LIMITS, ...options.limits });

/** Builds the model of a data set from a walk. */
export class Collector implements Visitor {
  readonly dataSet: DataSet;
  /** An element of group 7FE0 or beyond has come, at depth 0. */
  isHeaderDone = false;
  /** Elements that were passed over because `keep` did not want them. */
  passedOver = 0;
  readonly #options: ReadOptions;
  readonly #marks: Set<ParseMark>;
  readonly #limits: ParseLimits;
  readonly #valueBytesMax: number;
  /** Values are views of memory that stays, so pixel data may be kept and nothing is copied. */
  readonly #hasStableBytes: boolean;
  readonly #dataSets: DataSet[];
  readonly #sequences: Element[] = [];
  #holder: Element | Fragment | undefined;
  #keptBytes = 0;

  constructor(options: ReadOptions, marks: Set<ParseMark>, hasStableBytes: boolean) {
    this.#options = options;
    this.#marks = marks;
    this.#limits = limitsOf(options);
    this.#hasStableBytes = hasStableBytes;
    this.#valueBytesMax = options.valueBytesMax ?? (hasStableBytes ? UNLIMITED : this.#limits.valueBytesMax);
    this.dataSet = { elements: new Map(), littleEndian: options.syntax.littleEndian };
    this.#dataSets = [this.dataSet];
  }

  element(element: Element, form: Form, depth: number): Want {
    const isBulk = depth === 0 && element.tag >= BULK;
    if (isBulk) this.isHeaderDone = true;
    const { keep, stopAtPixelData } = this.#options;
    const stops = isBulk && stopAtPixelData === true;
    if (keep !== undefined && !keep(element.tag, element.vr, element.length, depth)) {
      this.passedOver += 1;
      return stops ? 'stop' : 'nothing';
    }
    const { elements } = this.#dataSets[this.#dataSets.length - 1] as DataSet;
    if (elements.has(element.tag)) {
      this.#marks.add('duplicate');
      return stops ? 'stop' : 'nothing';
    }
    elements.set(element.tag, element);
    this.#charge(ELEMENT_BYTES);
    return stops ? 'stop' : this.#wantOf(element, form, isBulk && element.tag <= BULK_LAST);
  }

  #wantOf(element: Element, form: Form, isBulk: boolean): Want {
    switch (form) {
      case 'opaque':
        return 'nothing';
      case 'value':
        return this.#wantValue(element, element.length as number, isBulk);
      case 'sequence':
        element.items = [];
        break;
      case 'fragments':
        element.fragments = [];
        break;
    }
    this.#sequences.push(element);
    return 'whole';
  }

  #wantValue(holder: Element | Fragment, length: number, isBulk: boolean): Want {
    if (length > this.#valueBytesMax || (isBulk && !this.#hasStableBytes)) return 'nothing';
    if (!this.#hasStableBytes) this.#charge(length);
    this.#holder = holder;
    return 'whole';
  }

  value(bytes: Uint8Array): void {
    if (this.#holder !== undefined) this.#holder.value = this.#hasStableBytes ? bytes : new Uint8Array(bytes);
  }

  item(littleEndian: boolean): void {
    this.#charge(ITEM_BYTES);
    const item: DataSet = { elements: new Map(), littleEndian };
    this.#sequences[this.#sequences.length - 1]?.items?.push(item);
    this.#dataSets.push(item);
  }

  itemEnd(): void {
    this.#dataSets.pop();
  }

  fragment(fragment: Fragment, depth: number): Want {
    this.#charge(FRAGMENT_BYTES);
    this.#sequences[this.#sequences.length - 1]?.fragments?.push(fragment);
    return this.#wantValue(fragment, fragment.length, depth === 0);
  }

  sequenceEnd(): void {
    this.#sequences.pop();
  }

  #charge(bytes: number): void {
    this.#keptBytes += bytes;
    if (this.#keptBytes <= this.#limits.headerBytesMax) return;
    throw new Failure('parse/limit', `kept more than headerBytesMax ${this.#limits.headerBytesMax}`);
  }
}
