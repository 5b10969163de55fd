import { chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { type Charset, readTerms } from '@acervo/dicom/charset/decode.ts';
import { uidOf } from '@acervo/dicom/data-set/access.ts';
import { composed, recoded, type Values } from '@acervo/dicom/data-set/compose.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { VRS } from '@acervo/dicom/vr.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { SourceImage } from './result.ts';

/** Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1): type 2 is written empty where the source has none. */
const TYPE_2 = [
  T.PatientName,
  T.PatientID,
  T.PatientBirthDate,
  T.PatientSex,
  T.StudyDate,
  T.StudyTime,
  T.ReferringPhysicianName,
  T.StudyID,
  T.AccessionNumber,
] as const;
const TYPE_3 = [
  T.IssuerOfPatientID,
  T.OtherPatientIDsSequence,
  T.PatientIdentityRemoved,
  T.DeidentificationMethod,
  T.DeidentificationMethodCodeSequence,
  T.PatientAge,
  T.PatientSize,
  T.PatientWeight,
  T.StudyDescription,
  T.IssuerOfAccessionNumberSequence,
  T.ProcedureCodeSequence,
  T.TimezoneOffsetFromUTC,
] as const;

/** Attributes of a source that `sourceOf` looks at. */
export const SOURCE_TAGS: ReadonlySet<number> = new Set([
  ...TYPE_2,
  ...TYPE_3,
  T.SpecificCharacterSet,
  T.StudyInstanceUID,
]);

/** Whom and which study a result is of, as its source says it. */
export type Source = {
  studyUid: string;
  charset: Charset;
  /** The source's own set, where it declared it rightly: the first choice for what is written. */
  terms: readonly string[] | undefined;
  elements: readonly Element[];
};

/** @throws {Failure} model/not-applicable: images of several studies, or of none */
export function sourceOf(images: readonly Pick<SourceImage, 'dataSet'>[]): Source {
  const [first] = images;
  const studyUid = first && uidOf(first.dataSet, T.StudyInstanceUID);
  if (first === undefined || studyUid === undefined) {
    throw new Failure('model/not-applicable', 'result/study: no Study Instance UID');
  }
  if (images.some(({ dataSet }) => uidOf(dataSet, T.StudyInstanceUID) !== studyUid)) {
    throw new Failure('model/not-applicable', 'result/study: images of several studies');
  }
  const { dataSet } = first;
  const elements = [...TYPE_2, ...TYPE_3]
    .map((tag) => dataSet.elements.get(tag))
    .filter((each) => each !== undefined)
    .filter((each) => each.items !== undefined || each.value !== undefined);
  const declared = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
  const { charset, mark } = chooseCharset(declared, textsIn(elements), undefined);
  return { studyUid, charset, terms: mark === undefined ? charset.terms : undefined, elements };
}

const textsIn = (elements: readonly Element[]): Uint8Array[] =>
  elements.flatMap(({ vr, value, items = [] }) => [
    ...(VRS[vr].charset && value !== undefined ? [value] : []),
    ...items.flatMap((item) => textsIn([...item.elements.values()])),
  ]);

/**
 * The whole data set of an object over a source: its patient and study, and what is its own, in the source's character
 * set if that carries all of it, else in ISO 8859-1, else in UTF-8.
 */
export function overSource(source: Source, own: Values): DataSet {
  const candidates = [...(source.terms === undefined ? [] : [source.terms]), ['ISO_IR 100'], ['ISO_IR 192']];
  const last = candidates.pop() as readonly string[];
  for (const terms of candidates) {
    try {
      return written(source, own, terms);
    } catch (thrown) {
      // A RangeError is how a character set says that it lacks a letter.
      if (!(thrown instanceof RangeError)) throw thrown;
    }
  }
  return written(source, own, last);
}

function written({ elements, charset, studyUid }: Source, own: Values, terms: readonly string[]): DataSet {
  const empty = TYPE_2.map((tag) => [tag, ''] as const);
  const copied = elements.map((each) => recoded(each, charset, terms));
  const isDeclared = terms.join('\\') !== 'ISO_IR 6';
  return composed(
    [
      ...empty,
      ...copied,
      [T.SpecificCharacterSet, isDeclared ? terms : undefined],
      [T.StudyInstanceUID, studyUid],
      ...own,
    ],
    terms,
  );
}
