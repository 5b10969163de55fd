import { vrOf } from '@acervo/dicom/dictionary.ts';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { foldName, foldText } from '@acervo/dicom/person-name.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { SeriesRow, StudyRow } from '@acervo/platform/holdings/index.repo.ts';
import { dateOf, timeOf } from '@acervo/platform/holdings/index-facts.ts';
import { seriesKeyOf, studyKeyOf } from '@acervo/platform/holdings/keys.ts';
import { MARKS } from '@acervo/platform/holdings/marks.ts';
import { identifiersOf } from '@acervo/platform/holdings/patient-identifiers.ts';
import type { GeneratedSeries, GeneratedStudy } from './studies.ts';

/** What an attribute of an object is: a name as PN text, all else as DICOM JSON has it. */
type Facts = readonly (readonly [tag: number, value: string | number])[];

/** What every object of a study says of patient and study. */
export const studyFacts = (study: GeneratedStudy): Facts => [
  [T.StudyDate, study.date],
  [T.StudyTime, study.time],
  [T.AccessionNumber, study.accession],
  [T.ReferringPhysicianName, study.referringName],
  [T.StudyDescription, study.description],
  [T.PatientName, study.patientName],
  [T.PatientID, study.patientId],
  [T.PatientBirthDate, study.birthDate],
  [T.PatientSex, study.sex],
  [T.PatientAge, ageAt(study)],
  [T.StudyInstanceUID, study.studyUid],
  [T.StudyID, study.studyId],
];

/** What every object of a series says of it. */
export const seriesFacts = (study: GeneratedStudy, series: GeneratedSeries): Facts => [
  [T.SeriesDate, study.date],
  [T.SeriesTime, study.time],
  [T.Modality, series.modality],
  [T.Manufacturer, study.maker[0]],
  [T.InstitutionName, study.institution],
  [T.StationName, study.station],
  [T.SeriesDescription, series.description],
  [T.ManufacturerModelName, study.maker[1]],
  [T.BodyPartExamined, series.bodyPart],
  [T.ProtocolName, series.protocol],
  [T.SeriesInstanceUID, series.seriesUid],
  [T.SeriesNumber, series.seriesNumber],
  [T.PerformedProcedureStepStartDate, study.date],
  [T.PerformedProcedureStepStartTime, study.time],
];

export function jsonOf(facts: Facts): DicomJson {
  const json: DicomJson = {};
  for (const [tag, value] of facts) {
    const vr = vrOf(tag);
    json[tagText(tag)] = { vr, Value: [vr === 'PN' ? { Alphabetic: value } : value] };
  }
  return json;
}

/** What is counted of a study, besides what an object says. */
export type Counted = { modalities: readonly string[]; series_count: number; instance_count: number; bytes: number };

/** The rows that ingest makes of a study's objects; the folding is its own. Which object told them is made up. */
export function rowsOf(study: GeneratedStudy): { study: StudyRow & Counted; series: (SeriesRow & Counts)[] } {
  const study_key = studyKeyOf(study.institution, study.studyUid);
  const stored = `${dateOf(study.date)} ${study.time.replace(/(..)(..)(..)/, '$1:$2:$3')}+00`;
  const source = `${dateOf(study.date)}T00:00:00.000Z 0000000001 ${study.time.padStart(16, '0')}`;
  const attributes = jsonOf(studyFacts(study));
  const { identifiers, isCurpInvalid } = identifiersOf(attributes, study.institution);
  const series = study.series.map((each) => ({
    study_key,
    series_key: seriesKeyOf(each.seriesUid),
    series_uid: each.seriesUid,
    source,
    charset_default: 'ISO_IR 100',
    stored,
    modality: each.modality,
    series_number: each.seriesNumber,
    attributes: jsonOf(seriesFacts(study, each)),
    ...INSTANCES,
  }));
  return {
    series,
    study: {
      study_key,
      institution: study.institution,
      study_uid: study.studyUid,
      source,
      stored,
      issuer: study.institution,
      patient_id: study.patientId,
      identifiers,
      patient_name: foldName(study.patientName),
      birth_date: dateOf(study.birthDate),
      sex: study.sex,
      study_date: dateOf(study.date),
      study_time: timeOf(study.time),
      accession: study.accession,
      study_id: study.studyId,
      referring_name: kept(foldedNames, study.referringName, foldName),
      description: kept(foldedTexts, study.description, foldText),
      attributes,
      marks: isCurpInvalid ? MARKS.curpInvalid : 0,
      modalities: [...new Set(study.series.map(({ modality }) => modality))].sort(),
      series_count: series.length,
      instance_count: INSTANCES.instance_count * series.length,
      bytes: INSTANCES.bytes * series.length,
    },
  };
}

type Counts = { instance_count: number; bytes: number };
const INSTANCES: Counts = { instance_count: 2, bytes: 1_000_000 };

/** Physicians and descriptions are few: folded once. */
const foldedNames = new Map<string, string>();
const foldedTexts = new Map<string, string>();

function kept(known: Map<string, string>, text: string, fold: (text: string) => string): string {
  const folded = known.get(text) ?? fold(text);
  known.set(text, folded);
  return folded;
}

/** AS in whole years. */
function ageAt({ date, birthDate }: GeneratedStudy): string {
  const years = Math.max(0, Math.floor((Number(date) - Number(birthDate)) / 10_000));
  return `${String(years).padStart(3, '0')}Y`;
}
