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
  const isPadding = (stored: number): boolean =>
    padding !== undefined && padded !== undefined && stored >= padded.from && stored <= padded.to;
  const data = mapped(image, (stored) => (isPadding(stored) ? (padding as number) : of(stored)));
  const ends = modality.kind === 'table' ? [0, 2 ** modality.table.bits - 1] : [first, last];
  return { ...image, data, range: [Math.min(...ends), Math.max(...ends)] };
}
