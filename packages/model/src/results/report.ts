import { textOf } from '@acervo/dicom/data-set/access.ts';
import { type Code, codeIn } from '@acervo/dicom/sr/code.ts';
import { type Concept, concept, MODALITIES } from '@acervo/dicom/sr/concepts.ts';
import type { ContentItem, ImageReference, Relationship, Said } from '@acervo/dicom/sr/content.ts';
import { T } from '@acervo/dicom/tags.ts';
import type { Group } from './groups.ts';
import type { Identity } from './identity.ts';
import type { Run } from './result.ts';
import type { Source } from './source.ts';

/** What the whole report is made of. */
export type Report = { run: Run; identity: Identity; source: Source; deviceUid: string; groups: readonly Group[] };

function item(by: Relationship, name: Concept | Code, said: Said, children: readonly ContentItem[] = []): ContentItem {
  const named = typeof name === 'string' ? concept(name) : name;
  return { ...said, relationship: by, concept: named, ...(children.length > 0 && { children }) };
}

const text = (by: Relationship, name: Concept, said: string): ContentItem =>
  item(by, name, { type: 'TEXT', text: said });
const coded = (by: Relationship, name: Concept | Code, code: Code): ContentItem =>
  item(by, name, { type: 'CODE', code });
const container = (id?: string): Said => ({
  type: 'CONTAINER',
  continuity: 'SEPARATE',
  ...(id !== undefined && { template: { id, resource: 'DCMR' } }),
});

/** "Imaging Measurement Report", TID 1500 (PS3.16), in Spanish of Mexico. */
export function reportContent(report: Report): ContentItem {
  const { run, source } = report;
  return {
    ...container('1500'),
    concept: concept('report'),
    children: [
      coded('HAS CONCEPT MOD', 'language', concept('spanishOfMexico')),
      ...observer(report),
      coded('HAS CONCEPT MOD', 'procedureReported', procedureOf(run, source)),
      library(run),
      item(
        'CONTAINS',
        'measurements',
        container(),
        report.groups.map((group) => groupItem(report, group)),
      ),
    ],
  };
}

/** TID 1002, 1004: the observer is the algorithm. */
function observer({ run: { manifest }, deviceUid }: Report): ContentItem[] {
  return [
    coded('HAS OBS CONTEXT', 'observerType', concept('device')),
    item('HAS OBS CONTEXT', 'observerUid', { type: 'UIDREF', uid: deviceUid }),
    text('HAS OBS CONTEXT', 'observerName', manifest.name),
    text('HAS OBS CONTEXT', 'observerManufacturer', manifest.supplier.org),
    text('HAS OBS CONTEXT', 'observerModel', manifest.id),
    text('HAS OBS CONTEXT', 'observerSerial', manifest.artifact.sha256),
  ];
}

const PROCEDURES: Readonly<Record<string, Concept>> = { CT: 'ct', MR: 'mri', NM: 'nm', PT: 'pet' };

const modalityOf = ({ images: [first] }: Run): string =>
  first === undefined ? '' : textOf(first.dataSet.elements.get(T.Modality));

/** As the source says, else by its modality (CID 100). */
function procedureOf(run: Run, { charset }: Source): Code {
  const [first] = run.images;
  const said = first && codeIn(first.dataSet, T.ProcedureCodeSequence, charset);
  const isWhole = said !== undefined && said.meaning !== '' && said.meaning.length <= 64 && said.scheme.length <= 16;
  return isWhole ? said : concept(PROCEDURES[modalityOf(run)] ?? 'imagingProcedure');
}

/** TID 1600 to 1602: every image that the model was given. */
function library(run: Run): ContentItem {
  const modality = modalityOf(run);
  const meaning = MODALITIES[modality] ?? modality;
  const descriptor = /^[A-Z]{2,16}$/.test(modality)
    ? [coded('HAS ACQ CONTEXT', 'modality', { value: modality, scheme: 'DCM', meaning })]
    : [];
  const images = run.images.map(
    (image): ContentItem => ({ type: 'IMAGE', image: reference(image), relationship: 'CONTAINS' }),
  );
  const group = item('CONTAINS', 'imageLibraryGroup', container(), [...descriptor, ...images]);
  return item('CONTAINS', 'imageLibrary', container('1600'), [group]);
}

const reference = ({ sopClassUid, sopInstanceUid }: ImageReference): ImageReference => ({
  sopClassUid,
  sopInstanceUid,
});

/**
 * TID 1501, or with a segmentation TID 1410 (of one image) or 1411. TID 1500 may hold groups of all three, yet programs
 * that read it take all groups for the same: there is one report for each.
 */
export function templateOf({ images }: Run, { segment }: Group): '1501' | '1410' | '1411' {
  if (segment === undefined) return '1501';
  return images.length === 1 ? '1410' : '1411';
}

function groupItem({ run, identity }: Report, group: Group): ContentItem {
  const { trackingId, trackingUid, finding, measured, evaluation, segment, parameters } = group;
  const { name, version } = run.manifest;
  // A series is told by the image library: TID 320 has one image for a measurement.
  const [image, ...others] = run.images;
  const isOfOne = segment === undefined && image !== undefined && others.length === 0;
  const inferred = isOfOne
    ? [item('INFERRED FROM', 'sourceOfMeasurement', { type: 'IMAGE', image: reference(image) })]
    : [];
  return item('CONTAINS', 'group', container(templateOf(run, group)), [
    text('HAS OBS CONTEXT', 'trackingId', trackingId),
    item('HAS OBS CONTEXT', 'trackingUid', { type: 'UIDREF', uid: trackingUid }),
    coded('CONTAINS', 'finding', finding),
    text('HAS CONCEPT MOD', 'algorithmName', name),
    text('HAS CONCEPT MOD', 'algorithmVersion', version),
    ...[...parametersOf(run, identity), ...parameters].map((each) =>
      text('HAS CONCEPT MOD', 'algorithmParameters', each),
    ),
    ...(segment === undefined ? [] : segmentItems(run, segment)),
    ...measured.map(({ what, value, unit }) =>
      item('CONTAINS', what, { type: 'NUM', value, unit: concept(unit) }, inferred),
    ),
    ...(evaluation === undefined ? [] : [coded('CONTAINS', finding, concept(evaluation))]),
  ]);
}

/** The segment, and what it was drawn on: an image, or a whole series. */
function segmentItems({ images }: Run, segment: ImageReference): ContentItem[] {
  const [first] = images as readonly [Run['images'][number]];
  const isPlanar = images.length === 1;
  return [
    item('CONTAINS', isPlanar ? 'referencedFrame' : 'referencedSegment', { type: 'IMAGE', image: segment }),
    isPlanar
      ? item('CONTAINS', 'segmentationSource', { type: 'IMAGE', image: reference(first) })
      : item('CONTAINS', 'segmentationSeries', { type: 'UIDREF', uid: first.seriesUid }),
  ];
}

/** Algorithm Parameters of TID 4019 that every group has: by these a run is told from others, and can be done again. */
const parametersOf = ({ manifest, operations }: Run, { manifestSha256, inputsSha256 }: Identity): string[] => [
  `model=${manifest.id}@${manifest.version}`,
  `model-sha256=${manifest.artifact.sha256}`,
  `manifest-sha256=${manifestSha256}`,
  `inputs-sha256=${inputsSha256}`,
  `operations=${operations}`,
];
