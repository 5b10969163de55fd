import { dataSetOf, element, numberElement, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import type { DataSet, Element, Tag } from '@acervo/dicom/data-set/model.ts';
import { vrOf } from '@acervo/dicom/dictionary.ts';
import { VRS, type Vr } from '@acervo/dicom/vr.ts';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';

/** Text and numbers by the VR of the dictionary; bytes as they are; items of a sequence. */
export type Value = string | number | readonly number[] | Uint8Array | readonly Attributes[];

/** Tag, value and, where the dictionary leaves a choice, the VR. */
export type Attribute = readonly [tag: Tag, value: Value, vr?: Vr];
export type Attributes = readonly Attribute[];

/** How a device writes text, and what it says in (0008,0005), which need not be the same. */
export type Charset = { declared: string | undefined; bytes: 'latin1' | 'utf8' };

/** Attributes as a data set. Of several with one tag, the last counts. */
export function dataSetFrom(attributes: Attributes, charset: Charset): DataSet {
  return dataSetOf(attributes.map((attribute) => elementFrom(attribute, charset)));
}

function elementFrom([tag, value, vr = vrOf(tag)]: Attribute, charset: Charset): Element {
  if (value instanceof Uint8Array) return element(tag, vr, value);
  if (typeof value === 'string') return textElement(tag, vr, encoded(value, vr, charset));
  if (typeof value === 'number') return numberElement(tag, vr, [value]);
  if (isItems(value, vr))
    return sequence(
      tag,
      value.map((item) => dataSetFrom(item, charset)),
    );
  return numberElement(tag, vr, value);
}

const isItems = (value: readonly number[] | readonly Attributes[], vr: Vr): value is readonly Attributes[] =>
  vr === 'SQ' && !value.some((one) => typeof one === 'number');

const encoded = (text: string, vr: Vr, { bytes }: Charset): Uint8Array =>
  bytes === 'utf8' && VRS[vr].charset ? new TextEncoder().encode(text) : latin1Bytes(text);

/** The single item of a code sequence (PS3.3 8.8). */
export const code = (value: string, scheme: string, meaning: string): Attributes => [
  [0x00080100, value],
  [0x00080102, scheme],
  [0x00080104, meaning],
];
