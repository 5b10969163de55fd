import { type Of, object, oneOf } from '../shape.ts';
import { cut, sizeOf, sizeShape } from './extent.ts';
import { each, impossible, type Operation } from './image.ts';

const parameters = object({ op: oneOf('crop'), size: sizeShape }, { at: oneOf('centre', 'start', 'end') });

/** Keep a part: in the middle (of an odd rest, the smaller half before it), at the start or the end of each axis. */
export const crop: Operation<Of<typeof parameters>> = {
  name: 'crop',
  parameters,
  apply: each((image, { size, at = 'centre' }) => {
    const to = sizeOf(size, image);
    const first = (has: number, keeps: number): number => {
      if (keeps > has) impossible(`crop to ${keeps} of ${has}`);
      return at === 'start' ? 0 : at === 'end' ? has - keeps : Math.floor((has - keeps) / 2);
    };
    const { slices, rows, columns } = image;
    return cut(image, to, [first(slices, to.slices), first(rows, to.rows), first(columns, to.columns)], 0);
  }),
};
