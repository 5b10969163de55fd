import { chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { charsetOf } from '@acervo/dicom/charset/decode.ts';
import { readTerms } from '@acervo/dicom/charset/terms.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { type DicomJson, toDicomJson } from '@acervo/dicom/json/to-json.ts';
import { foldName, foldText } from '@acervo/dicom/person-name.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { VRS } from '@acervo/dicom/vr.ts';
import { SERIES_TAGS, STUDY_TAGS } from './attributes.ts';
import { charsetMark, MARKS, type Marks } from './marks.ts';
import { identifiersOf, type PatientIdentifier } from './patient-identifiers.ts';

/** What the index keeps of one instance's header: the same bytes and context always give the same facts. */
export type IndexFacts = {
  instanceNumber: number | null;
  marks: Marks;
  study: {
    issuer: string;
    patient_id: string | null;
    identifiers: readonly PatientIdentifier[];
    patient_name: string;
    birth_date: string | null;
    sex: string | null;
    study_date: string | null;
    study_time: string | null;
    accession: string | null;
    study_id: string | null;
    referring_name: string;
    description: string;
    attributes: DicomJson;
    marks: Marks;
  };
  series: { modality: string | null; series_number: number | null; attributes: DicomJson };
};

/** For an instance whose header the index cannot hold: it is found by its UIDs. */
export const BARE_FACTS: IndexFacts = {
  instanceNumber: null,
  marks: MARKS.unindexed,
  study: {
    issuer: '',
    patient_id: null,
    identifiers: [],
    patient_name: '',
    birth_date: null,
    sex: null,
    study_date: null,
    study_time: null,
    accession: null,
    study_id: null,
    referring_name: '',
    description: '',
    attributes: {},
    marks: MARKS.unindexed,
  },
  series: { modality: null, series_number: null, attributes: {} },
};

/** Longer values than this are no attribute of a study or series that anybody lists or searches. */
const INLINE_BYTES_MAX = 4096;

/**
 * @param dataSet    top level of the header, at least INGEST_TAGS
 * @param context    of the sending device: what applies where the object says nothing (architecture decision 9)
 */
export function indexFactsOf(dataSet: DataSet, context: { issuer: string; charset: string }): IndexFacts {
  const { charset, mark } = chooseCharset(
    readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value),
    textsOf(dataSet),
    context.charset === '' ? undefined : context.charset,
  );
  const jsonOf = (tags: readonly number[]): DicomJson =>
    clean(toDicomJson(only(dataSet, tags), { charset, inlineBytesMax: INLINE_BYTES_MAX }));
  const study = jsonOf(STUDY_TAGS);
  const series = jsonOf(SERIES_TAGS);
  const marks = charsetMark(mark);
  const { issuer, identifiers, isCurpInvalid } = identifiersOf(study, context.issuer);
  return {
    instanceNumber: instanceNumberOf(dataSet),
    marks,
    study: {
      issuer,
      patient_id: textAt(study, T.PatientID),
      identifiers,
      patient_name: foldName(nameAt(study, T.PatientName)),
      birth_date: dateOf(textAt(study, T.PatientBirthDate)),
      sex: textAt(study, T.PatientSex),
      study_date: dateOf(textAt(study, T.StudyDate)),
      study_time: timeOf(textAt(study, T.StudyTime)),
      accession: textAt(study, T.AccessionNumber),
      study_id: textAt(study, T.StudyID),
      referring_name: foldName(nameAt(study, T.ReferringPhysicianName)),
      description: foldText(textAt(study, T.StudyDescription) ?? ''),
      attributes: study,
      marks: marks | (isCurpInvalid ? MARKS.curpInvalid : 0),
    },
    series: {
      modality: textAt(series, T.Modality),
      series_number: int32(textAt(series, T.SeriesNumber)),
      attributes: series,
    },
  };
}

const IS_OPTIONS = { charset: charsetOf([]), inlineBytesMax: INLINE_BYTES_MAX };

/** Instance Number (0020,0013); an IS, so no character set matters. */
export function instanceNumberOf(dataSet: DataSet): number | null {
  return int32(textAt(toDicomJson(only(dataSet, [T.InstanceNumber]), IS_OPTIONS), T.InstanceNumber));
}

/** Values whose bytes depend on the character set: what tells a wrong declaration. */
export function textsOf(dataSet: DataSet): Uint8Array[] {
  const texts: Uint8Array[] = [];
  for (const element of dataSet.elements.values()) {
    if (element.value !== undefined && VRS[element.vr].charset) texts.push(element.value);
    for (const item of element.items ?? []) texts.push(...textsOf(item));
  }
  return texts;
}

function only(dataSet: DataSet, tags: readonly number[]): DataSet {
  const elements = new Map<number, NonNullable<ReturnType<typeof dataSet.elements.get>>>();
  for (const tag of tags) {
    const element = dataSet.elements.get(tag);
    if (element !== undefined) elements.set(tag, element);
  }
  return { elements, littleEndian: dataSet.littleEndian };
}

/**
 * The index is NFC (architecture decision 9), and jsonb holds no U+0000, which in a DICOM text is padding of a
 * faulty device. Only the index is cleaned, never the bytes.
 */
function clean(json: DicomJson): DicomJson {
  const text = JSON.stringify(json);
  const cleaned = text.normalize('NFC').replaceAll('\\u0000', '\\ufffd');
  return cleaned === text ? json : (JSON.parse(cleaned) as DicomJson);
}

/** The first value as text. */
function textAt(json: DicomJson, tag: number): string | null {
  const value = json[tagText(tag)]?.Value?.[0];
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

function nameAt(json: DicomJson, tag: number): string {
  const value = json[tagText(tag)]?.Value?.[0];
  if (typeof value !== 'object' || value === null) return '';
  const { Alphabetic = '', Ideographic = '', Phonetic = '' } = value as Record<string, string>;
  return [Alphabetic, Ideographic, Phonetic].join('=').replace(/=+$/, '');
}

/** A DA value (PS3.5 6.2; also the retired form with dots) as an ISO date; null when it is no day of the calendar. */
export function dateOf(text: string | null): string | null {
  const match = /^(\d{4})\.?(\d{2})\.?(\d{2})$/.exec(text ?? '');
  if (match === null) return null;
  const iso = `${match[1]}-${match[2]}-${match[3]}`;
  const time = Date.parse(`${iso}T00:00:00Z`);
  const isReal = match[1] !== '0000' && !Number.isNaN(time) && new Date(time).toISOString().startsWith(iso);
  return isReal ? iso : null;
}

/** A TM value (PS3.5 6.2; also the retired form with colons) as HHMMSS.FFFFFF, absent parts zero. */
export function timeOf(text: string | null): string | null {
  const match = /^([01]\d|2[0-3])(?::?([0-5]\d)(?::?([0-5]\d|60)(?:\.(\d{1,6}))?)?)?$/.exec(text?.trim() ?? '');
  if (match === null) return null;
  const [, hours, minutes = '00', seconds = '00', fraction = ''] = match;
  return `${hours}${minutes}${seconds}.${fraction.padEnd(6, '0')}`;
}

function int32(text: string | null): number | null {
  const number = text === null ? Number.NaN : Number(text);
  return Number.isInteger(number) && Math.abs(number) < 2 ** 31 ? number : null;
}
