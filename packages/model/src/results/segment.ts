import { numberOf } from '@acervo/dicom/data-set/access.ts';
import type { Segmentation } from '@acervo/dicom/seg/segmentation.ts';
import type { Code } from '@acervo/dicom/sr/code.ts';
import { concept } from '@acervo/dicom/sr/concepts.ts';
import type { ImageReference } from '@acervo/dicom/sr/content.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { ManifestOutput } from '../manifest/manifest.ts';
import { codeOf, reportEncoding } from './groups.ts';
import type { Identity } from './identity.ts';
import { planesOf, type Stack, stackOf } from './masks.ts';
import { type Run, SEGMENTATION_STORAGE } from './result.ts';
import { line } from './texts.ts';

/** A mask output, drawn over its source images. */
export type Drawn = {
  finding: Code;
  threshold: number;
  /** mm³; of a single image mm². */
  extent: number;
  /** Undefined where nothing is drawn: there is no segmentation then. */
  segmentation?: Segmentation;
  segment?: ImageReference;
  sopInstanceUid: string;
};

const THRESHOLD = 0.5;
/** A red that stands out on grey: L* 53, a* 80, b* 67 (PS3.3 C.10.7.1.1). */
const CIELAB = [34_885, 53_485, 50_171] as const;

type MaskEncoding = Extract<ManifestOutput['encode'][number], { to: 'dicom-seg' }>;

const maskEncoding = ({ encode }: ManifestOutput): MaskEncoding | undefined =>
  encode.find((each) => each.to === 'dicom-seg');

/**
 * Each mask output that is to be a segmentation.
 * @throws {Failure} model/not-applicable where the images do not say where they lie; model/tensor; model/manifest
 */
export async function drawnOf(run: Run, identity: Identity): Promise<Map<string, Drawn>> {
  const drawn = new Map<string, Drawn>();
  for (const output of run.manifest.outputs) {
    const encoding = maskEncoding(output);
    const isMask = output.kind === 'mask';
    const isWrong = isMask ? encoding === undefined && reportEncoding(output) !== undefined : encoding !== undefined;
    if (isWrong) throw new Failure('model/manifest', `output ${output.name}: a mask and dicom-seg belong together`);
    if (encoding !== undefined) drawn.set(output.name, await drawnMask(run, identity, output, encoding));
  }
  return drawn;
}

/** A loop: `reduce` of a typed array takes twenty times as long. */
function setIn(pixels: Uint8Array): number {
  let sum = 0;
  for (let index = 0; index < pixels.length; index++) sum += pixels[index] as number;
  return sum;
}

async function drawnMask(
  run: Run,
  identity: Identity,
  output: ManifestOutput,
  { segment: of }: MaskEncoding,
): Promise<Drawn> {
  const { name, operatingPoints = [] } = output;
  const stack = stackOf(run.images);
  const threshold = operatingPoints[0]?.threshold ?? THRESHOLD;
  const planes = planesOf(run.outputs[name] ?? [], threshold, run.grid, stack, 1);
  const pixels = planes.reduce((sum, plane) => sum + setIn(plane.pixels), 0);
  const [first] = stack.images as readonly [Stack['images'][number]];
  const [, betweenRows, betweenColumns] = first.geometry.spacing;
  const sopInstanceUid = await identity.uid(`seg ${name}`);
  const found: Drawn = {
    finding: codeOf(of.property),
    threshold,
    extent: pixels * betweenRows * betweenColumns * (stack.spacing ?? 1),
    sopInstanceUid,
  };
  if (pixels === 0) return found;
  const frames = stack.images.length === 1 ? { frames: [1] } : {};
  const { manifest } = run;
  const [, row, column] = first.geometry.axes;
  const sliceThickness = numberOf(first.image.dataSet, T.SliceThickness) ?? stack.spacing;
  return {
    ...found,
    segment: { sopClassUid: SEGMENTATION_STORAGE, sopInstanceUid, segments: [1], ...frames },
    segmentation: {
      rows: first.rows,
      columns: first.columns,
      orientation: [...column, ...row],
      pixelSpacing: [betweenRows, betweenColumns],
      ...(sliceThickness !== undefined && sliceThickness > 0 && { sliceThickness }),
      ...(stack.spacing !== undefined && { spacingBetweenSlices: stack.spacing }),
      dimensionOrganizationUid: await identity.uid(`dimensions ${name}`),
      segments: [
        {
          number: 1,
          label: of.label,
          category: codeOf(of.category),
          property: codeOf(of.property),
          algorithm: {
            family: concept('artificialIntelligence'),
            name: line(manifest.name),
            version: line(manifest.version),
            parameters: `model-sha256=${manifest.artifact.sha256} operations=${run.operations} threshold=${threshold}`,
            source: line(manifest.supplier.org),
          },
          cielab: (of.cielab as readonly [number, number, number] | undefined) ?? CIELAB,
          tracking: { id: name, uid: await identity.uid(`tracking ${name}`) },
        },
      ],
      planes,
    },
  };
}
