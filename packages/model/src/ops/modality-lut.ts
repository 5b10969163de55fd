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
  const outside = padding === undefined ? undefined : padded && { ...padded, value: padding };
  const data =
    modality.kind === 'rescale'
      ? rescaled(image.data, modality, outside)
      : mapped(image, (stored) => (outside && isWithin(stored, outside) ? outside.value : of(stored)));
  const ends = modality.kind === 'table' ? [0, 2 ** modality.table.bits - 1] : [first, last];
  return { ...image, data, range: [Math.min(...ends), Math.max(...ends)] };
}

type Outside = { from: number; to: number; value: number };

const isWithin = (stored: number, { from, to }: Outside): boolean => stored >= from && stored <= to;

/** As `modalityOf` does it. */
function rescaled(
  data: Float32Array,
  { slope, intercept }: { slope: number; intercept: number },
  outside: Outside | undefined,
): Float32Array {
  if (outside === undefined) {
    for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) * slope + intercept;
    return data;
  }
  const { from, to, value } = outside;
  for (let index = 0; index < data.length; index++) {
    const stored = data[index] as number;
    data[index] = stored >= from && stored <= to ? value : stored * slope + intercept;
  }
  return data;
}
