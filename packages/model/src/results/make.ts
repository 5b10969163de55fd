import { numberOf, uidOf as uidIn } from '@acervo/dicom/data-set/access.ts';
import type { Values } from '@acervo/dicom/data-set/compose.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { segmentationValues } from '@acervo/dicom/seg/write.ts';
import { codeValues } from '@acervo/dicom/sr/code.ts';
import { concept } from '@acervo/dicom/sr/concepts.ts';
import { contentValues } from '@acervo/dicom/sr/write.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Group, groupsOf } from './groups.ts';
import { deviceUid, type Identity, identityOf, WRITER } from './identity.ts';
import { seriesOf } from './referred.ts';
import { reportContent, templateOf } from './report.ts';
import { COMPREHENSIVE_3D_SR, type ResultObject, type Run, SEGMENTATION_STORAGE, type SourceImage } from './result.ts';
import { type Drawn, drawnOf } from './segment.ts';
import { overSource, type Source, sourceOf } from './source.ts';
import { line } from './texts.ts';

const SERIES = {
  'dicom-sr': { sopClassUid: COMPREHENSIVE_3D_SR, modality: 'SR', number: 9501, description: 'Resultado de IA' },
  'dicom-seg': { sopClassUid: SEGMENTATION_STORAGE, modality: 'SEG', number: 9502, description: 'Segmentación de IA' },
} as const;

type Kind = keyof typeof SERIES;
type Making = { run: Run; identity: Identity; source: Source };

/**
 * The DICOM objects of a run: a segmentation for each mask that draws something, a structured report of what scores
 * say, and one of what was drawn, which refers to the segmentations. The same run gives the same bytes.
 * @returns none where the manifest asks for none
 * @throws {Failure} model/manifest, model/not-applicable, model/tensor
 */
export async function makeResults(given: Run): Promise<ResultObject[]> {
  const run = { ...given, images: inOrder(given.images) };
  const identity = await identityOf(run);
  const source = sourceOf(run.images);
  const drawn = await drawnOf(run, identity);
  const groups = await groupsOf(run, identity, drawn);
  if (groups.length === 0) return [];
  const making = { run, identity, source };
  const segmentations: ResultObject[] = [];
  for (const each of drawn.values()) {
    if (each.segmentation === undefined) continue;
    segmentations.push(await segmentationObject(making, each, segmentations.length + 1));
  }
  const byTemplate = Map.groupBy(groups, (group) => templateOf(run, group));
  const reports: ResultObject[] = [];
  for (const [template, of] of byTemplate) {
    const others = of.some(({ segment }) => segment !== undefined) ? segmentations : [];
    reports.push(await reportObject(making, of, others, { template, number: reports.length + 1 }));
  }
  return [...segmentations, ...reports];
}

/** By Instance Number, then by UID: the order in which files were given says nothing. */
function inOrder(images: readonly SourceImage[]): SourceImage[] {
  const number = ({ dataSet }: SourceImage): number => numberOf(dataSet, T.InstanceNumber) ?? 0;
  const byUid = (a: SourceImage, b: SourceImage): number => (a.sopInstanceUid < b.sopInstanceUid ? -1 : 1);
  return images.toSorted((a, b) => number(a) - number(b) || byUid(a, b));
}

async function reportObject(
  making: Making,
  groups: readonly Group[],
  others: readonly ResultObject[],
  { template, number }: { template: string; number: number },
): Promise<ResultObject> {
  const { run, identity, source } = making;
  const content = reportContent({ ...making, groups, deviceUid: await deviceUid(run.manifest) });
  const evidence = [...run.images, ...others];
  return objectOf(making, 'dicom-sr', await identity.uid(`sr ${template}`), [
    [T.InstanceNumber, number],
    [T.ReferencedPerformedProcedureStepSequence, []],
    [T.CompletionFlag, 'COMPLETE'],
    [T.VerificationFlag, 'UNVERIFIED'],
    [T.PerformedProcedureCodeSequence, []],
    [
      T.CurrentRequestedProcedureEvidenceSequence,
      [
        [
          [T.StudyInstanceUID, source.studyUid],
          [T.ReferencedSeriesSequence, seriesOf(evidence, T.ReferencedSOPSequence)],
        ],
      ],
    ],
    ...contentValues(content),
  ]);
}

async function segmentationObject(making: Making, drawn: Drawn, number: number): Promise<ResultObject> {
  const { run } = making;
  const [first] = run.images as readonly [SourceImage];
  const frameOfReferenceUid = uidIn(first.dataSet, T.FrameOfReferenceUID);
  if (drawn.segmentation === undefined || frameOfReferenceUid === undefined) {
    throw new Failure('model/not-applicable', 'result/no-frame-of-reference: a mask has no place');
  }
  return objectOf(making, 'dicom-seg', drawn.sopInstanceUid, [
    [T.InstanceNumber, number],
    [T.ContentLabel, 'SEGMENTACION'],
    [T.ContentDescription, line(run.manifest.name)],
    [T.ContentCreatorName, ''],
    [T.FrameOfReferenceUID, frameOfReferenceUid],
    [T.PositionReferenceIndicator, ''],
    [T.ReferencedSeriesSequence, seriesOf(run.images, T.ReferencedInstanceSequence)],
    ...segmentationValues(drawn.segmentation),
  ]);
}

/** What both kinds have: SOP Common, General Series, Enhanced General Equipment (PS3.3 C.12.1, C.7.3, C.7.5). */
async function objectOf(making: Making, kind: Kind, sopInstanceUid: string, own: Values): Promise<ResultObject> {
  const { run, identity, source } = making;
  const { made, manifest } = run;
  const { sopClassUid, modality, number, description } = SERIES[kind];
  const seriesUid = await identity.uid(`${kind} series`);
  const dataSet = overSource(source, [
    [T.SOPClassUID, sopClassUid],
    [T.SOPInstanceUID, sopInstanceUid],
    [T.InstanceCreationDate, made.date],
    [T.InstanceCreationTime, made.time],
    [T.ContentQualification, run.qualification],
    [T.ContributingEquipmentSequence, [await algorithmAsEquipment(run)]],
    [T.Modality, modality],
    [T.SeriesInstanceUID, seriesUid],
    [T.SeriesNumber, number],
    [T.SeriesDate, made.date],
    [T.SeriesTime, made.time],
    [T.SeriesDescription, line(`${description}: ${manifest.name}`)],
    [T.ContentDate, made.date],
    [T.ContentTime, made.time],
    [T.Manufacturer, 'Acervo'],
    [T.ManufacturerModelName, 'Acervo'],
    [T.DeviceSerialNumber, WRITER],
    [T.SoftwareVersions, WRITER],
    ...own,
  ]);
  const file = concat([
    writeFileHead({ sopClassUid, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }),
    // Defined lengths: what DCMTK writes, too, so that objects pass through its tools unchanged.
    writeDataSet(dataSet, { explicitVr: true, littleEndian: true }, { lengths: 'defined' }),
  ]);
  return { kind, sopClassUid, sopInstanceUid, seriesUid, studyUid: source.studyUid, file };
}

/** PS3.3 C.12.1.1.5: the algorithm processed what others acquired. */
async function algorithmAsEquipment({ manifest, made }: Run): Promise<Values> {
  return [
    [T.PurposeOfReferenceCodeSequence, [codeValues(concept('processingEquipment'))]],
    [T.Manufacturer, line(manifest.supplier.org)],
    [T.ManufacturerModelName, line(manifest.id)],
    [T.DeviceSerialNumber, manifest.artifact.sha256],
    [T.DeviceUID, await deviceUid(manifest)],
    [T.SoftwareVersions, line(manifest.version)],
    [T.ContributionDateTime, `${made.date}${made.time}`],
    [T.ContributionDescription, manifest.name],
  ];
}
