import { list, number, type Of, object, oneOf } from '../shape.ts';
import { each, impossible, mapped, type Operation } from './image.ts';

const ends = list(number(), 2, 2);
const parameters = object({ op: oneOf('scale'), to: ends }, { from: ends });

/** A straight line from one range to another: by default from all values that can be there. Nothing is cut off. */
export const scale: Operation<Of<typeof parameters>> = {
  name: 'scale',
  parameters,
  apply: each((image, { to, from = image.range }) => {
    const [low, high] = from as readonly [number, number];
    const [toLow, toHigh] = to as readonly [number, number];
    if (!(high > low)) impossible(`scale from ${low} to ${high}`);
    const of = (value: number): number => toLow + ((value - low) * (toHigh - toLow)) / (high - low);
    const range = [of(image.range[0]), of(image.range[1])] as const;
    return {
      ...image,
      data: mapped(image, of),
      range: [Math.min(...range), Math.max(...range)],
    };
  }),
};
