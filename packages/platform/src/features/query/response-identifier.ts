import { dataSetOf, element, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { fromDicomJson } from '@acervo/dicom/json/from-json.ts';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { EachMatch } from './every-match.ts';
import { type FindLevel, UNIQUE_KEY } from './find-models.ts';
import { type Identifier, isHeldAt, type RequestedKey } from './identifier.ts';
import { inSmallestSet } from './in-charset.ts';
import { AVAILABILITY } from './keys.ts';
import type { PatientCounts } from './patients.repo.ts';

/** What responses of one request have in common. */
export type Answering = {
  identifier: Identifier;
  /** Retrieve AE Title (0008,0054): the title by which the requester knows us. */
  aeTitle: string;
  /** Issuer of Patient ID (0010,0021) also where it was not asked for. */
  withIssuer: boolean;
  syntax: { explicitVr: boolean; littleEndian: boolean };
};

type Attribute = DicomJson[string];

/**
 * The Identifier of one response (PS3.4 C.4.1.1.3.2): what was asked for, empty where there is no value, in the
 * requester's character set if it can carry all of it, else in the smallest that can.
 */
export function responseIdentifier(
  answering: Answering,
  match: EachMatch,
  patient: PatientCounts | undefined,
): Uint8Array {
  const { identifier, aeTitle, withIssuer, syntax } = answering;
  const { level, requested, declared } = identifier;
  const values = valuesOf(match, patient);
  const json: DicomJson = {};
  const keys = [
    ...requested,
    ...(withIssuer ? [ISSUER] : []),
    { tag: UNIQUE_KEY[level], vr: 'UI' as const, items: [] },
  ];
  for (const key of keys) json[tagText(key.tag)] = shown(isHeldAt(level, key.tag) ? values(key.tag) : undefined, key);
  const timezone = values(T.TimezoneOffsetFromUTC)?.Value?.[0];
  if (typeof timezone === 'string' && requested.some(({ vr }) => TEMPORAL.has(vr))) {
    json[tagText(T.TimezoneOffsetFromUTC)] = { vr: 'SH', Value: [timezone] };
  }
  const { dataSet, terms } = inSmallestSet(dataSetFrom(json), declared);
  const own = ownElements(level, aeTitle, terms);
  return writeDataSet(dataSetOf([...dataSet.elements.values(), ...own]), syntax, { lengths: 'defined' });
}

const ISSUER: RequestedKey = { tag: T.IssuerOfPatientID, vr: 'LO', items: [] };
/** PS3.3 C.12.1.1.8: what a time zone is said of. */
const TEMPORAL: ReadonlySet<string> = new Set(['DA', 'TM', 'DT']);

function ownElements(level: FindLevel, aeTitle: string, terms: readonly string[]): Element[] {
  return [
    ...(terms.length > 0 ? [textElement(T.SpecificCharacterSet, 'CS', terms.join('\\'))] : []),
    textElement(T.QueryRetrieveLevel, 'CS', level),
    textElement(T.RetrieveAETitle, 'AE', aeTitle),
    textElement(T.InstanceAvailability, 'CS', AVAILABILITY),
  ];
}

/** What the index knows of a match, by attribute; what it makes itself goes before what objects say. */
function valuesOf(
  { row, header }: EachMatch,
  patient: PatientCounts | undefined,
): (tag: number) => Attribute | undefined {
  const counted = (count: number | undefined): Attribute => ({ vr: 'IS', Value: count === undefined ? [] : [count] });
  const uids = (values: readonly (string | undefined)[]): Attribute => ({
    vr: 'UI',
    Value: values.filter((value) => value !== undefined),
  });
  return (tag) => {
    switch (tag) {
      case T.ModalitiesInStudy:
        return { vr: 'CS', Value: row.modalities };
      case T.SOPClassesInStudy:
        return uids(row.sopClasses ?? []);
      case T.NumberOfStudyRelatedSeries:
        return counted(row.seriesCount);
      case T.NumberOfStudyRelatedInstances:
        return counted(row.studyInstances);
      case T.NumberOfSeriesRelatedInstances:
        return counted(row.seriesInstances);
      case T.NumberOfPatientRelatedStudies:
        return counted(patient?.studies);
      case T.NumberOfPatientRelatedSeries:
        return counted(patient?.series);
      case T.NumberOfPatientRelatedInstances:
        return counted(patient?.instances);
      // The index knows the issuer also where the object leaves it to its sender (architecture decision 8).
      case T.IssuerOfPatientID:
        return { vr: 'LO', Value: row.issuer === '' ? [] : [row.issuer] };
      case T.StudyInstanceUID:
        return uids([row.studyUid]);
      case T.SeriesInstanceUID:
        return uids([row.seriesUid]);
      case T.SOPInstanceUID:
        return uids([row.sopUid]);
      case T.SOPClassUID:
        return uids([row.sopClassUid]);
      case T.InstanceNumber:
        return header?.[tagText(tag)] ?? counted(row.instanceNumber ?? undefined);
      default:
        return row.study[tagText(tag)] ?? row.series?.[tagText(tag)] ?? header?.[tagText(tag)];
    }
  };
}

/** Is everything that a request asks of an instance in the index? Then its header is not read. */
export const needsHeader = ({ level, requested }: Identifier): boolean =>
  level === 'IMAGE' && !requested.every(({ tag }) => IN_INDEX.has(tag) || isHeldAt('SERIES', tag));
const IN_INDEX: ReadonlySet<number> = new Set([T.SOPInstanceUID, T.SOPClassUID, T.InstanceNumber]);

/** An attribute as it was asked for: of items, only what was named in them, if anything was. */
function shown(attribute: Attribute | undefined, { vr, items }: RequestedKey): Attribute {
  if (attribute?.Value === undefined) return { vr: attribute?.vr ?? vr };
  if (attribute.vr !== 'SQ' || items.length === 0) return attribute;
  const Value = attribute.Value.map((item) =>
    Object.fromEntries(items.map((key) => [tagText(key.tag), shown((item as DicomJson)[tagText(key.tag)], key)])),
  );
  return { vr: 'SQ', Value };
}

/** A value that no data set can carry, which an object brought along, is empty; the others are as they are. */
function dataSetFrom(json: DicomJson): DataSet {
  try {
    return fromDicomJson(json);
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    return dataSetOf(Object.entries(json).flatMap(([name, attribute]) => elementsFrom(name, attribute)));
  }
}

function elementsFrom(name: string, attribute: Attribute): Element[] {
  try {
    return [...fromDicomJson({ [name]: attribute }).elements.values()];
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown;
    const tag = Number.parseInt(name, 16);
    return [attribute.vr === 'SQ' ? sequence(tag, []) : element(tag, attribute.vr, new Uint8Array(0))];
  }
}
