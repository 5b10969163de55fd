import type { DataSet, Tag } from '../data-set/model.ts';
import { T } from '../tags.ts';
import type { Vr } from '../vr.ts';

/**
 * A key of a directory record (PS3.3 F.5). Of type 1: `otherwise` stands where the object has no value, because a
 * record may not be without one; the object itself is not changed. Of type 2: empty then. Of type 3: left out then.
 */
export type Key = { tag: Tag; vr: Vr; type: 1 | 2 | 3; otherwise?: string };

/** Where an object has no number, its place in the set is one. */
export const ORDINAL = '#';

const one = (tag: Tag, vr: Vr, otherwise?: string): Key => ({
  tag,
  vr,
  type: 1,
  ...(otherwise !== undefined && { otherwise }),
});
const two = (tag: Tag, vr: Vr): Key => ({ tag, vr, type: 2 });
const three = (tag: Tag, vr: Vr): Key => ({ tag, vr, type: 3 });

/** What a date or time that must be there is where nobody wrote one, as DCMTK writes it. */
const NO_DATE = '19000101';
const NO_TIME = '000000';

/** PS3.3 F.5.1 to F.5.3; PS3.11 annex D asks for no more. */
export const PATIENT_KEYS: readonly Key[] = [
  two(T.PatientName, 'PN'),
  one(T.PatientID, 'LO', 'NONE'),
  three(T.PatientBirthDate, 'DA'),
  three(T.PatientSex, 'CS'),
];
export const STUDY_KEYS: readonly Key[] = [
  one(T.StudyDate, 'DA', NO_DATE),
  one(T.StudyTime, 'TM', NO_TIME),
  two(T.AccessionNumber, 'SH'),
  two(T.StudyDescription, 'LO'),
  one(T.StudyInstanceUID, 'UI'),
  one(T.StudyID, 'SH', ORDINAL),
];
export const SERIES_KEYS: readonly Key[] = [
  one(T.Modality, 'CS', 'OT'),
  three(T.SeriesDescription, 'LO'),
  one(T.SeriesInstanceUID, 'UI'),
  one(T.SeriesNumber, 'IS', ORDINAL),
];

const NUMBER = one(T.InstanceNumber, 'IS', ORDINAL);
const CONTENT_DATE = one(T.ContentDate, 'DA', NO_DATE);
const CONTENT_TIME = one(T.ContentTime, 'TM', NO_TIME);
const CONCEPT_NAME = one(T.ConceptNameCodeSequence, 'SQ');

/** Record types below a series, with their keys (PS3.3 F.5.4 and what follows it). */
const RECORDS = {
  IMAGE: [NUMBER],
  'SR DOCUMENT': [
    NUMBER,
    one(T.CompletionFlag, 'CS', 'PARTIAL'),
    one(T.VerificationFlag, 'CS', 'UNVERIFIED'),
    CONTENT_DATE,
    CONTENT_TIME,
    three(T.VerificationDateTime, 'DT'),
    CONCEPT_NAME,
  ],
  'KEY OBJECT DOC': [NUMBER, CONTENT_DATE, CONTENT_TIME, CONCEPT_NAME],
  WAVEFORM: [NUMBER, CONTENT_DATE, CONTENT_TIME],
  'ENCAP DOC': [
    { ...CONTENT_DATE, type: 2 },
    { ...CONTENT_TIME, type: 2 },
    NUMBER,
    two(T.DocumentTitle, 'ST'),
    two(T.ConceptNameCodeSequence, 'SQ'),
    one(T.MIMETypeOfEncapsulatedDocument, 'LO', 'application/octet-stream'),
  ],
  // Dose Summation Type, Structure Set Label, RT Plan Label
  'RT DOSE': [NUMBER, one(0x3004000a, 'CS', 'PLAN')],
  'RT STRUCTURE SET': [NUMBER, one(0x30060002, 'SH', 'UNNAMED'), two(0x30060008, 'DA'), two(0x30060009, 'TM')],
  'RT PLAN': [NUMBER, one(0x300a0002, 'SH', 'UNNAMED'), two(0x300a0006, 'DA'), two(0x300a0007, 'TM')],
  'RAW DATA': [CONTENT_DATE, CONTENT_TIME, NUMBER],
} as const satisfies Record<string, readonly Key[]>;

export type RecordType = keyof typeof RECORDS;

export const keysOf = (type: RecordType): readonly Key[] => RECORDS[type];

const ROOT = '1.2.840.10008.5.1.4.1.1.';
/** By the beginning of the SOP Class UID behind ROOT; the first that fits. */
const BY_CLASS: readonly (readonly [RegExp, RecordType])[] = [
  [/^88\.59$/, 'KEY OBJECT DOC'],
  [/^88\.\d+$/, 'SR DOCUMENT'],
  [/^9\.(?!1\.\d+\.\d+\.\d+$)/, 'WAVEFORM'],
  [/^104\.[1-5]$/, 'ENCAP DOC'],
  [/^481\.2$/, 'RT DOSE'],
  [/^481\.3$/, 'RT STRUCTURE SET'],
  [/^481\.[58]$/, 'RT PLAN'],
  [/^66$/, 'RAW DATA'],
];

/**
 * The type of an object's record. Undefined: of no type that is written here; it lies in the File-set without a
 * record, which PS3.10 8.6 allows.
 */
export function recordTypeOf(sopClassUid: string, header: DataSet): RecordType | undefined {
  const behind = sopClassUid.startsWith(ROOT) ? sopClassUid.slice(ROOT.length) : '';
  const found = BY_CLASS.find(([pattern]) => pattern.test(behind));
  if (found !== undefined) return found[1];
  return header.elements.has(T.Rows) ? 'IMAGE' : undefined;
}

const ALL_KEYS = [PATIENT_KEYS, STUDY_KEYS, SERIES_KEYS, ...Object.values(RECORDS)].flat();

/** What has to be read of an object to describe it: at the top level, and everything inside of these. */
export const DIRECTORY_TAGS: ReadonlySet<Tag> = new Set([
  T.SpecificCharacterSet,
  T.Rows,
  T.VerifyingObserverSequence,
  ...ALL_KEYS.map(({ tag }) => tag),
]);
