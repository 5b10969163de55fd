import { list, number, type Of, object, oneOf } from '../shape.ts';
import { each, type Image, impossible, mapped, type Operation } from './image.ts';

const channel = list(number(), 1, 4);
const parameters = object(
  { op: oneOf('normalise'), by: oneOf('constants', 'image') },
  /** Of each channel, for `constants`. */
  { mean: channel, std: list(number(1e-12), 1, 4) },
);

/**
 * Subtract a mean and divide by a deviation: constants of each channel, or those of the image itself (of all its
 * values; the deviation of the population). An image of one value becomes 0.
 */
export const normalise: Operation<Of<typeof parameters>> = {
  name: 'normalise',
  parameters,
  apply: each((image, { by, mean, std }) => {
    if (by === 'image') return normalised(image, ...momentsOf(image));
    if (mean?.length !== image.channels || std?.length !== image.channels) {
      return impossible(`normalise: mean and std for ${image.channels} channels`);
    }
    return normalised(image, mean, std);
  }),
};

function normalised(image: Image, mean: readonly number[], std: readonly number[]): Image {
  const of = (value: number, index: number): number =>
    (value - (mean[index % mean.length] as number)) / (std[index % std.length] as number);
  const ends = mean.flatMap((_, index) => [of(image.range[0], index), of(image.range[1], index)]);
  return { ...image, data: mapped(image, of), range: [Math.min(...ends), Math.max(...ends)] };
}

/** In two passes, in the order of the values. */
function momentsOf({ data }: Image): [mean: [number], std: [number]] {
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  const std = Math.sqrt(squares / data.length);
  return [[mean], [std > 0 ? std : 1]];
}
