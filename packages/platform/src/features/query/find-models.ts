import { T } from '@acervo/dicom/tags.ts';
import type { QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { PATIENT_ROOT_FIND, STUDY_ROOT_FIND } from '../../bindings/find-scu.ts';

/** Values of Query/Retrieve Level (0008,0052), from above. */
export const FIND_LEVELS = ['PATIENT', 'STUDY', 'SERIES', 'IMAGE'] as const;
export type FindLevel = (typeof FIND_LEVELS)[number];

/** A Query/Retrieve Information Model as C-FIND SOP class, and its levels from above (PS3.4 C.6). */
export type FindModel = { uid: string; name: string; levels: readonly FindLevel[] };

export const FIND_MODELS: readonly FindModel[] = [
  { uid: STUDY_ROOT_FIND, name: 'Study Root Query/Retrieve - FIND', levels: ['STUDY', 'SERIES', 'IMAGE'] },
  { uid: PATIENT_ROOT_FIND, name: 'Patient Root Query/Retrieve - FIND', levels: FIND_LEVELS },
  // Retired, and still what some consoles of the nineties ask with.
  {
    uid: '1.2.840.10008.5.1.4.1.2.3.1',
    name: 'Patient/Study Only Query/Retrieve - FIND (Retired)',
    levels: ['PATIENT', 'STUDY'],
  },
];

export const findModel = (sopClassUid: string): FindModel | undefined =>
  FIND_MODELS.find(({ uid }) => uid === sopClassUid);

/** Unique keys (PS3.4 tables C.6-1 to C.6-5). */
export const UNIQUE_KEY: Readonly<Record<FindLevel, number>> = {
  PATIENT: T.PatientID,
  STUDY: T.StudyInstanceUID,
  SERIES: T.SeriesInstanceUID,
  IMAGE: T.SOPInstanceUID,
};

/** Patients have no level of their own in the index: they are found by their studies. */
export const INDEX_LEVEL: Readonly<Record<FindLevel, QueryLevel>> = {
  PATIENT: 'study',
  STUDY: 'study',
  SERIES: 'series',
  IMAGE: 'instance',
};

/** What was agreed in SOP Class Extended Negotiation (PS3.4 table C.5-1). */
export type FindOptions = {
  relational: boolean;
  fuzzyMatching: boolean;
  emptyValueMatching: boolean;
  multipleValueMatching: boolean;
};

/** By byte, from the first: combined dates, time zones and enhanced multi-frame views are not agreed on. */
const BYTES: readonly (keyof FindOptions | undefined)[] = [
  'relational',
  undefined,
  'fuzzyMatching',
  undefined,
  undefined,
  'emptyValueMatching',
  'multipleValueMatching',
];

/** As many bytes as were sent, so that no peer meets more than it knows. */
export const agreeOnOptions = (asked: Uint8Array): Uint8Array =>
  asked.slice(0, BYTES.length).map((byte, index) => (byte === 1 && BYTES[index] !== undefined ? 1 : 0));

export function findOptions(agreed: Uint8Array | undefined): FindOptions {
  const has = (name: keyof FindOptions): boolean => agreed?.[BYTES.indexOf(name)] === 1;
  return {
    relational: has('relational'),
    fuzzyMatching: has('fuzzyMatching'),
    emptyValueMatching: has('emptyValueMatching'),
    multipleValueMatching: has('multipleValueMatching'),
  };
}

/** The same as a requestor asks for it. */
export const optionBytes = (options: Partial<FindOptions>): Uint8Array =>
  Uint8Array.from(BYTES, (name) => (name !== undefined && options[name] === true ? 1 : 0));
