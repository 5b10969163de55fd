import { number, type Of, object, oneOf } from '../shape.ts';
import { cut, sizeOf, sizeShape } from './extent.ts';
import { each, impossible, type Operation } from './image.ts';

const parameters = object(
  { op: oneOf('pad'), size: sizeShape, value: number() },
  { at: oneOf('centre', 'start', 'end') },
);

/** Add a border of one value: the image in the middle (of an odd rest, the smaller half before it), or at one end. */
export const pad: Operation<Of<typeof parameters>> = {
  name: 'pad',
  parameters,
  apply: each((image, { size, value, at = 'centre' }) => {
    const to = sizeOf(size, image);
    const first = (has: number, wants: number): number => {
      if (wants < has) impossible(`pad ${has} to ${wants}`);
      // Never a negative zero: it would become part of a position.
      return 0 - (at === 'start' ? 0 : at === 'end' ? wants - has : Math.floor((wants - has) / 2));
    };
    const { slices, rows, columns } = image;
    const from = [first(slices, to.slices), first(rows, to.rows), first(columns, to.columns)] as const;
    const range = [Math.min(image.range[0], value), Math.max(image.range[1], value)] as const;
    return { ...cut(image, to, from, value), range };
  }),
};
