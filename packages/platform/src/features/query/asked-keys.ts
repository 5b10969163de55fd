import { vrOf } from '@acervo/dicom/dictionary.ts';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { VRS, type Vr } from '@acervo/dicom/vr.ts';
import { type AttributePath, parseAttributePath } from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';

/**
 * Keys as people write them: `PatientName=NU*` to be matched, `StudyDate` to be returned; attributes by keyword or
 * tag, those of a sequence behind a dot, several values with backslashes between.
 * @throws {Failure} query/invalid for a name that is none, and a value that its VR cannot have
 * @example keysOf(['PatientName=NU*', 'StudyDate', 'RequestAttributesSequence.RequestedProcedureID=R1'])
 */
export function keysOf(words: readonly string[]): DicomJson {
  const keys: DicomJson = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const path = parseAttributePath(at < 0 ? word : word.slice(0, at));
    put(keys, path, at < 0 ? '' : word.slice(at + 1));
  }
  return keys;
}

function put(keys: DicomJson, [tag = 0, ...inner]: AttributePath, value: string): void {
  const vr = vrOf(tag);
  const name = tagText(tag);
  if (inner.length > 0) {
    const [item = {}] = (keys[name]?.Value ?? []) as DicomJson[];
    put(item, inner, value);
    keys[name] = { vr: 'SQ', Value: [item] };
    return;
  }
  if (keys[name] !== undefined) throw new Failure('query/invalid', `${word(tag)} is given twice`);
  keys[name] = value === '' ? { vr } : { vr, Value: valuesOf(tag, vr, value) };
}

const word = (tag: number): string => `key ${tagText(tag)}`;

function valuesOf(tag: number, vr: Vr, value: string): unknown[] {
  const { kind, multi } = VRS[vr];
  const values = multi ? value.split('\\') : [value];
  if (vr === 'PN') return values.map(nameJson);
  if (kind === 'text' || kind === 'tag') return values;
  if (kind !== 'number') throw new Failure('query/invalid', `${word(tag)} takes no value: it is ${vr}`);
  return values.map((each) => {
    if (each.trim() === '' || !Number.isFinite(Number(each)))
      throw new Failure('query/invalid', `${word(tag)}: no ${vr}`);
    return Number(each);
  });
}

function nameJson(name: string): object {
  const [Alphabetic = '', Ideographic = '', Phonetic = ''] = name.split('=');
  return Object.fromEntries(Object.entries({ Alphabetic, Ideographic, Phonetic }).filter(([, group]) => group !== ''));
}
