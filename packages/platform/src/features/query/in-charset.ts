import { encodeText } from '@acervo/dicom/charset/encode.ts';
import { readCharset } from '@acervo/dicom/charset/terms.ts';
import { dataSetOf, element, evened, sequence } from '@acervo/dicom/data-set/build.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { VRS } from '@acervo/dicom/vr.ts';

/** Latin-1 is what every reader knows; UTF-8 carries everything. */
const SETS: readonly (readonly string[])[] = [[], ['ISO_IR 100'], ['ISO_IR 192']];
/** Defined Terms of PS3.3 C.12.1.1.2; a code page is none, so that nothing can be declared to be in it. */
const DEFINED_TERM = /^(ISO_IR \d+|ISO 2022 IR \d+|GB18030|GBK)$/;

/** @property terms of (0008,0005); none where the default repertoire does */
export type InSet = { dataSet: DataSet; terms: readonly string[] };

/**
 * A data set in UTF-8 in the character set that was named first if that can carry all of it, else in the smallest
 * that can. It has no (0008,0005) any more.
 */
export function inSmallestSet(dataSet: DataSet, wished: readonly string[]): InSet {
  const { charset, isKnown } = readCharset(wished);
  const isUsable = isKnown && charset.terms[0] !== 'ISO_IR 6' && charset.terms.every((term) => DEFINED_TERM.test(term));
  for (const terms of [...(isUsable ? [charset.terms] : []), ...SETS]) {
    const encoded = inCharset(dataSet, terms);
    if (encoded !== undefined) return { dataSet: encoded, terms };
  }
  return { dataSet, terms: ['ISO_IR 192'] };
}

const utf8 = new TextDecoder();

/** A data set in UTF-8 in another character set; undefined where that cannot carry it. */
function inCharset(dataSet: DataSet, terms: readonly string[]): DataSet | undefined {
  const elements: Element[] = [];
  for (const each of dataSet.elements.values()) {
    // fromDicomJson says it of the whole and of items; what holds is said of the whole alone.
    if (each.tag === T.SpecificCharacterSet) continue;
    const encoded = elementIn(each, terms);
    if (encoded === undefined) return undefined;
    elements.push(encoded);
  }
  return dataSetOf(elements);
}

function elementIn(each: Element, terms: readonly string[]): Element | undefined {
  const { tag, vr, value, items } = each;
  if (items !== undefined) {
    const encoded = items.map((item) => inCharset(item, terms));
    return encoded.every((item) => item !== undefined) ? sequence(tag, encoded) : undefined;
  }
  if (value === undefined || !VRS[vr].charset || (isPlain(value) && !hasRomaji(terms))) return each;
  const bytes = encodeText(utf8.decode(value), vr, terms);
  return bytes && element(tag, vr, evened(bytes, vr));
}

/** The same in every set whose first half is ASCII; most values are. */
const isPlain = (value: Uint8Array): boolean => value.every((byte) => byte >= 0x20 && byte < 0x7f);
const hasRomaji = ([first = '']: readonly string[]): boolean => first.endsWith('IR 13');
