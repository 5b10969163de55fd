import { type Charset, decodeText } from '../charset/decode.ts';
import { encodeText } from '../charset/encode.ts';
import { vrOf } from '../dictionary.ts';
import { tagText } from '../tag.ts';
import { VRS, type Vr } from '../vr.ts';
import { dataSetOf, element, numberElement, sequence, textElement } from './build.ts';
import type { DataSet, Element, Tag } from './model.ts';

/** Text and numbers by the VR of the dictionary, several texts with a backslash between; items of a sequence. */
export type Value = string | readonly string[] | number | readonly number[] | Uint8Array | readonly Values[];
/** Attributes by tag; of those without a value nothing is written. A whole element stays what it is. */
export type Values = readonly (readonly [tag: Tag, value: Value | undefined] | Element)[];

/** DS: at most 16 characters (PS3.5 6.2). */
const DECIMAL_CHARS_MAX = 16;

/**
 * A data set of attributes, its texts in a character set.
 * @param terms of Specific Character Set, which is not written here.
 * @throws {RangeError} text that the character set has no bytes for; a number that DS cannot say.
 */
export function composed(values: Values, terms: readonly string[]): DataSet {
  const elements: Element[] = [];
  for (const each of values) {
    if ('tag' in each) elements.push(each);
    else if (each[1] !== undefined) elements.push(elementOf(each[0], each[1], terms));
  }
  return dataSetOf(elements);
}

function elementOf(tag: Tag, value: Value, terms: readonly string[]): Element {
  const vr = vrOf(tag);
  if (value instanceof Uint8Array) return element(tag, vr, value);
  if (typeof value === 'string') return textElement(tag, vr, encoded(tag, vr, value, terms));
  if (typeof value === 'number') return numbered(tag, vr, [value]);
  if (isNumbers(value)) return numbered(tag, vr, value);
  if (isTexts(value)) return textElement(tag, vr, encoded(tag, vr, value.join('\\'), terms));
  return sequence(
    tag,
    value.map((item) => composed(item, terms)),
  );
}

type List = readonly string[] | readonly number[] | readonly Values[];
const isNumbers = (list: List): list is readonly number[] => typeof list[0] === 'number';
const isTexts = (list: List): list is readonly string[] => typeof list[0] === 'string';

function encoded(tag: Tag, vr: Vr, text: string, terms: readonly string[]): Uint8Array {
  const bytes = encodeText(text, vr, terms);
  if (bytes === undefined) throw new RangeError(`${tagText(tag)}: not in ${terms.join('\\')}`);
  return bytes;
}

function numbered(tag: Tag, vr: Vr, numbers: readonly number[]): Element {
  return vr === 'DS' ? textElement(tag, vr, numbers.map(decimalText).join('\\')) : numberElement(tag, vr, numbers);
}

/**
 * A number as Decimal String: the shortest text that means it or, where that is longer than 16 characters, the
 * nearest one that is not.
 * @throws {RangeError} NaN and infinities
 */
export function decimalText(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`${value} has no Decimal String`);
  const whole = String(value);
  if (whole.length <= DECIMAL_CHARS_MAX) return whole;
  for (let digits = DECIMAL_CHARS_MAX; digits > 0; digits--) {
    const rounded = Number(value.toPrecision(digits));
    const short = [String(rounded), rounded.toExponential()].find((text) => text.length <= DECIMAL_CHARS_MAX);
    if (short !== undefined) return short;
  }
  throw new RangeError(`${value} has no Decimal String`);
}

/** The same element with its texts, those of its items too, in another character set. @throws {RangeError} */
export function recoded(of: Element, from: Charset, terms: readonly string[]): Element {
  if (of.items !== undefined) {
    const items = of.items.map((item) =>
      dataSetOf(
        [...item.elements.values()].map((each) => recoded(each, from, terms)),
        item.littleEndian,
      ),
    );
    return { ...of, items };
  }
  if (!VRS[of.vr].charset || of.value === undefined) return of;
  return textElement(of.tag, of.vr, encoded(of.tag, of.vr, decodeText(of.value, of.vr, from), terms));
}
