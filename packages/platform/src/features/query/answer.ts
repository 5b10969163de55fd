import { vrOf } from '@acervo/dicom/dictionary.ts';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { Query, QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { AVAILABILITY, namedTags } from './keys.ts';
import type { FoundRow } from './search.repo.ts';

/** Returned for every study, empty where it has no value (PS3.18 table 10.6.3-3). */
const STUDY_RETURNED: readonly number[] = [
  T.StudyDate,
  T.StudyTime,
  T.AccessionNumber,
  T.ReferringPhysicianName,
  T.PatientName,
  T.PatientID,
  T.PatientBirthDate,
  T.PatientSex,
  T.StudyInstanceUID,
  T.StudyID,
];
/** Returned where there is a value: what lists of studies show. */
const STUDY_SHOWN: readonly number[] = [T.StudyDescription];
/** PS3.18 table 10.6.3-4. */
const SERIES_RETURNED: readonly number[] = [T.Modality, T.SeriesInstanceUID, T.SeriesNumber];
const SERIES_SHOWN: readonly number[] = [
  T.SeriesDescription,
  T.PerformedProcedureStepStartDate,
  T.PerformedProcedureStepStartTime,
  T.RequestAttributesSequence,
];
/** PS3.18 table 10.6.3-5. */
const INSTANCE_RETURNED: readonly number[] = [T.SOPClassUID, T.SOPInstanceUID, T.InstanceNumber];
const INSTANCE_SHOWN: readonly number[] = [T.Rows, T.Columns, T.BitsAllocated, T.NumberOfFrames];

/** What an answer is to hold of each match. */
export type Returned = {
  level: QueryLevel;
  /** Study attributes are returned below the study level unless the path names the study; series likewise. */
  withStudy: boolean;
  withSeries: boolean;
  /** Attributes that were asked for or matched, or all that there are. */
  fields: ReadonlySet<number> | 'all';
  /** Absolute address of the root by which the caller came: scheme, authority, /dicom-web... */
  root: string;
};

/** What a query wants back (PS3.18 8.3.4.3, 10.6.3.3). */
export function returnedOf(query: Query, path: { study?: string; series?: string }, root: string): Returned {
  return {
    level: query.level,
    withStudy: path.study === undefined,
    withSeries: path.series === undefined,
    fields: query.includeFields === 'all' ? 'all' : namedTags(query),
    root,
  };
}

type Attributes = Map<number, DicomJson[string]>;
/** An attribute that the index makes, and that no object has. */
type Made = readonly [tag: number, vr: 'CS' | 'IS' | 'LO' | 'UI', values: readonly unknown[]];

/**
 * One match as text of the DICOM JSON model, attributes in order (PS3.18 F.2.2).
 * @param header  of the instance, at its level
 */
export function matchText(row: FoundRow, returned: Returned, header?: DicomJson): string {
  const attributes: Attributes = new Map();
  addStudy(attributes, row, returned);
  if (returned.level !== 'study') addSeries(attributes, row, returned);
  if (returned.level === 'instance') addInstance(attributes, row, returned, header ?? {});
  // The character set of JSON is UTF-8 (PS3.18 F.2.1).
  attributes.set(T.SpecificCharacterSet, { vr: 'CS', Value: ['ISO_IR 192'] });
  attributes.set(T.InstanceAvailability, { vr: 'CS', Value: [AVAILABILITY] });
  attributes.set(T.RetrieveURL, { vr: 'UR', Value: [urlOf(row, returned)] });
  const members = [...attributes]
    .sort(([a], [b]) => a - b)
    .map(([tag, attribute]) => `"${tagText(tag)}":${JSON.stringify(attribute)}`);
  return `{${members.join(',')}}`;
}

function addStudy(attributes: Attributes, row: FoundRow, { level, withStudy, fields }: Returned): void {
  const isWhole = level === 'study' || withStudy;
  addRequired(attributes, row.study, isWhole ? STUDY_RETURNED : [T.StudyInstanceUID]);
  add(attributes, row.study, [T.TimezoneOffsetFromUTC, ...(isWhole ? STUDY_SHOWN : [])]);
  add(attributes, row.study, wanted(fields, isWhole, row.study));
  addMade(attributes, fields, isWhole, [
    [T.ModalitiesInStudy, 'CS', row.modalities],
    [T.NumberOfStudyRelatedSeries, 'IS', [row.seriesCount]],
    [T.NumberOfStudyRelatedInstances, 'IS', [row.studyInstances]],
  ]);
  // The index knows the issuer also where the object leaves it to its sender (architecture decision 8).
  addMade(attributes, fields, isWhole && fields === 'all', [
    [T.IssuerOfPatientID, 'LO', row.issuer === '' ? [] : [row.issuer]],
    [T.SOPClassesInStudy, 'UI', row.sopClasses ?? []],
  ]);
}

function addSeries(attributes: Attributes, row: FoundRow, { level, withSeries, fields }: Returned): void {
  const { series = {}, seriesInstances = 0 } = row;
  const isWhole = level === 'series' || withSeries;
  addRequired(attributes, series, isWhole ? SERIES_RETURNED : [T.SeriesInstanceUID]);
  if (isWhole) add(attributes, series, SERIES_SHOWN);
  add(attributes, series, wanted(fields, isWhole, series));
  addMade(attributes, fields, isWhole, [[T.NumberOfSeriesRelatedInstances, 'IS', [seriesInstances]]]);
}

function addInstance(attributes: Attributes, row: FoundRow, { fields }: Returned, header: DicomJson): void {
  addRequired(attributes, header, INSTANCE_RETURNED);
  add(attributes, header, [T.TimezoneOffsetFromUTC, ...INSTANCE_SHOWN]);
  add(attributes, header, wanted(fields, true, header));
  // Where a header could not be read the index still knows this much.
  addMade(attributes, fields, true, [
    [T.SOPClassUID, 'UI', [row.sopClassUid]],
    [T.SOPInstanceUID, 'UI', [row.sopUid]],
  ]);
}

/** All: everything of the level asked, and of those above it that the path leaves open. */
function wanted(fields: Returned['fields'], isWhole: boolean, from: DicomJson): Iterable<number> {
  if (fields !== 'all') return fields;
  return isWhole ? Object.keys(from).map((tag) => Number.parseInt(tag, 16)) : [];
}

function add(attributes: Attributes, from: DicomJson, tags: Iterable<number>): void {
  for (const tag of tags) {
    const attribute = from[tagText(tag)];
    if (attribute !== undefined) attributes.set(tag, attribute);
  }
}

/** Empty where there is none: who reads the answer finds the attribute. */
function addRequired(attributes: Attributes, from: DicomJson, tags: readonly number[]): void {
  for (const tag of tags) attributes.set(tag, from[tagText(tag)] ?? { vr: vrOf(tag) });
}

function addMade(attributes: Attributes, fields: Returned['fields'], isWhole: boolean, made: readonly Made[]): void {
  for (const [tag, vr, values] of made) {
    const isAsked = isWhole || (fields !== 'all' && fields.has(tag));
    // Without values it is left out: OHIF cannot read Modalities in Study without them.
    if (isAsked && values.length > 0) attributes.set(tag, { vr, Value: [...values] });
  }
}

function urlOf({ studyUid, seriesUid, sopUid }: FoundRow, { level, root }: Returned): string {
  const study = `${root}/studies/${studyUid}`;
  if (level === 'study') return study;
  return level === 'series' ? `${study}/series/${seriesUid}` : `${study}/series/${seriesUid}/instances/${sopUid}`;
}
