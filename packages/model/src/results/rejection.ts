import { textsOf } from '@acervo/dicom/data-set/access.ts';
import type { Values } from '@acervo/dicom/data-set/compose.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { type Concept, concept } from '@acervo/dicom/sr/concepts.ts';
import type { ContentItem, Relationship } from '@acervo/dicom/sr/content.ts';
import { contentValues } from '@acervo/dicom/sr/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { uidOf } from './identity.ts';
import { madeAt } from './made.ts';
import { type Referred, seriesOf } from './referred.ts';
import { SEGMENTATION_STORAGE } from './result.ts';
import { overSource, sourceOf } from './source.ts';
import { line } from './texts.ts';

export const KEY_OBJECT_SELECTION = '1.2.840.10008.5.1.4.1.1.88.59';
/** What writes the notes. What changes a byte of them, other than their input, is rejections/2. */
const WRITER = 'rejections/1';
/** Behind the series of results. */
const SERIES_NUMBER = 9503;

/** Results of one task that count no more, and why. */
export type Rejection = {
  /** Of one of the results: its patient and study. */
  dataSet: DataSet;
  /** At least one, all of one study. */
  rejected: readonly Referred[];
  /** What withdrew them: the same gives the same note. */
  withdrawal: string;
  /** When that was. */
  at: Date;
  /** In Spanish of Mexico, for people. */
  text: string;
};

type RejectionNote = Referred & { studyUid: string; file: Uint8Array };

/**
 * A Key Object Selection Document (PS3.3 A.35.4, TID 2010) titled "Rejected for Patient Safety Reasons" (113037, DCM):
 * what IHE RAD Imaging Object Change Management has other systems read as the withdrawal of the objects that it refers
 * to. The objects themselves stay as they are. No clock enters it: the same rejection gives the same bytes.
 * @throws {Failure} model/not-applicable: a result without a Study Instance UID
 */
export async function rejectionNote(of: Rejection): Promise<RejectionNote> {
  const { dataSet, rejected, withdrawal, at, text } = of;
  const source = sourceOf([{ dataSet }]);
  const made = madeAt(at, textsOf(dataSet.elements.get(T.TimezoneOffsetFromUTC))[0]);
  const about = { writer: WRITER, withdrawal, study: source.studyUid, made, text };
  const uids = rejected.map(({ sopInstanceUid }) => sopInstanceUid);
  const sopInstanceUid = await uidOf({ what: 'rejection note', of: about, rejected: uids });
  const seriesUid = await uidOf({ what: 'rejection series', of: about, rejected: uids });
  const deviceUid = await uidOf({ what: 'device', of: { writer: WRITER } });
  const whole = overSource(source, [
    [T.SOPClassUID, KEY_OBJECT_SELECTION],
    [T.SOPInstanceUID, sopInstanceUid],
    [T.InstanceCreationDate, made.date],
    [T.InstanceCreationTime, made.time],
    [T.Modality, 'KO'],
    [T.SeriesInstanceUID, seriesUid],
    [T.SeriesNumber, SERIES_NUMBER],
    [T.SeriesDate, made.date],
    [T.SeriesTime, made.time],
    [T.SeriesDescription, line('Rechazo de un resultado de IA')],
    [T.ReferencedPerformedProcedureStepSequence, []],
    [T.Manufacturer, 'Acervo'],
    [T.ManufacturerModelName, 'Acervo'],
    [T.DeviceSerialNumber, WRITER],
    [T.SoftwareVersions, WRITER],
    [T.InstanceNumber, 1],
    [T.ContentDate, made.date],
    [T.ContentTime, made.time],
    [T.CurrentRequestedProcedureEvidenceSequence, [evidence(source.studyUid, rejected)]],
    ...contentValues(contentOf(of, deviceUid)),
  ]);
  const file = concat([
    writeFileHead({ sopClassUid: KEY_OBJECT_SELECTION, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }),
    writeDataSet(whole, { explicitVr: true, littleEndian: true }, { lengths: 'defined' }),
  ]);
  return { sopClassUid: KEY_OBJECT_SELECTION, sopInstanceUid, seriesUid, studyUid: source.studyUid, file };
}

const evidence = (studyUid: string, rejected: readonly Referred[]): Values => [
  [T.StudyInstanceUID, studyUid],
  [T.ReferencedSeriesSequence, seriesOf(rejected, T.ReferencedSOPSequence)],
];

const coded = (relationship: Relationship, name: Concept, code: Concept): ContentItem => ({
  relationship,
  concept: concept(name),
  type: 'CODE',
  code: concept(code),
});

/** TID 2010, with the language (TID 1204) and who says it (TID 1002): this archive. */
function contentOf({ rejected, text }: Rejection, deviceUid: string): ContentItem {
  return {
    type: 'CONTAINER',
    continuity: 'SEPARATE',
    template: { id: '2010', resource: 'DCMR' },
    concept: concept('rejectedForPatientSafety'),
    children: [
      coded('HAS CONCEPT MOD', 'language', 'spanishOfMexico'),
      coded('HAS OBS CONTEXT', 'observerType', 'device'),
      { relationship: 'HAS OBS CONTEXT', concept: concept('observerUid'), type: 'UIDREF', uid: deviceUid },
      { relationship: 'HAS OBS CONTEXT', concept: concept('observerName'), type: 'TEXT', text: 'Acervo' },
      { relationship: 'CONTAINS', concept: concept('keyObjectDescription'), type: 'TEXT', text },
      ...rejected.map(referenceTo),
    ],
  };
}

/** A segmentation is an image, a report is not. */
function referenceTo({ sopClassUid, sopInstanceUid }: Referred): ContentItem {
  const object = { sopClassUid, sopInstanceUid };
  return sopClassUid === SEGMENTATION_STORAGE
    ? { relationship: 'CONTAINS', type: 'IMAGE', image: object }
    : { relationship: 'CONTAINS', type: 'COMPOSITE', object };
}
