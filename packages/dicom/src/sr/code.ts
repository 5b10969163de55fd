import { type Charset, decodeText } from '../charset/decode.ts';
import { textOf } from '../data-set/access.ts';
import type { Values } from '../data-set/compose.ts';
import type { DataSet, Tag } from '../data-set/model.ts';
import { T } from '../tags.ts';

/** A coded entry (PS3.3 8.8): the meaning is for people, the value in its scheme is what counts. */
export type Code = { value: string; scheme: string; meaning: string; version?: string };

/** SH. A longer value stands in Long Code Value (PS3.3 8.1). */
const VALUE_CHARS_MAX = 16;

export function codeValues({ value, scheme, meaning, version }: Code): Values {
  return [
    value.length > VALUE_CHARS_MAX ? [T.LongCodeValue, value] : [T.CodeValue, value],
    [T.CodingSchemeDesignator, scheme],
    [T.CodingSchemeVersion, version],
    [T.CodeMeaning, meaning],
  ];
}

/** The first item of a code sequence; undefined where there is none, or one without value or scheme. */
export function codeIn(dataSet: DataSet, tag: Tag, charset: Charset): Code | undefined {
  const item = dataSet.elements.get(tag)?.items?.[0];
  if (item === undefined) return undefined;
  const text = (at: Tag): string => {
    const found = item.elements.get(at);
    return found?.value === undefined ? '' : decodeText(found.value, found.vr, charset).replaceAll(/^ +|[ \0]+$/g, '');
  };
  const value = text(T.CodeValue) || text(T.LongCodeValue) || textOf(item.elements.get(T.URNCodeValue));
  const scheme = text(T.CodingSchemeDesignator);
  if (value === '' || scheme === '') return undefined;
  const version = text(T.CodingSchemeVersion);
  return { value, scheme, meaning: text(T.CodeMeaning), ...(version !== '' && { version }) };
}
