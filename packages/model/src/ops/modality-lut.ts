import { modalityOf } from '@acervo/dicom/pixel/voi.ts';
import { number, type Of, object, oneOf } from '../shape.ts';
import { each, type Image, impossible, mapped, type Operation } from './image.ts';

const parameters = object(
  { op: oneOf('modalityLut') },
  /** What padding pixels (PS3.3 C.7.5.1.1.2) become; as any other where it is absent. */
  { padding: number() },
);

/** Stored values become modality values (PS3.3 C.11.1): Hounsfield units of CT, others by Rescale or its table. */
export const modalityLut: Operation<Of<typeof parameters>> = {
  name: 'modalityLut',
  parameters,
  apply: each(apply),
};

function apply(image: Image, { padding }: Of<typeof parameters>): Image {
  if (image.photometric === 'RGB') impossible('modalityLut of a colour image');
  const { modality, padding: padded } = image.presentation;
  const of = modalityOf(modality);
  const [first, last] = [of(image.range[0]), of(image.range[1])];
  const data = modality.kind === 'rescale' ? rescaled(image.data, modality) : mapped(image, (stored) => of(stored));
  if (padding !== undefined && padded !== undefined) putPadding(data, image.data, padded, padding);
  const ends = modality.kind === 'table' ? [0, 2 ** modality.table.bits - 1] : [first, last];
  return { ...image, data, range: [Math.min(...ends), Math.max(...ends)] };
}

/** As `modalityOf` does it. */
function rescaled(stored: Float32Array, { slope, intercept }: { slope: number; intercept: number }): Float32Array {
  const out = new Float32Array(stored.length);
  for (let index = 0; index < stored.length; index++) out[index] = (stored[index] as number) * slope + intercept;
  return out;
}

function putPadding(
  out: Float32Array,
  stored: Float32Array,
  { from, to }: { from: number; to: number },
  padding: number,
): void {
  for (let index = 0; index < stored.length; index++) {
    const value = stored[index] as number;
    if (value >= from && value <= to) out[index] = padding;
  }
}
