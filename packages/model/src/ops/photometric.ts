import { type Of, object, oneOf } from '../shape.ts';
import { each, type Image, impossible, mapped, type Operation } from './image.ts';

const parameters = object(
  { op: oneOf('photometric'), to: oneOf('MONOCHROME2', 'RGB') },
  /** Weights of red, green and blue, where colours become grey. */
  { weights: oneOf('rec601', 'rec709', 'mean') },
);

const WEIGHTS = {
  /** ITU-R BT.601, as most programs of photographs do it. */
  rec601: [0.299, 0.587, 0.114],
  rec709: [0.2126, 0.7152, 0.0722],
  mean: [1 / 3, 1 / 3, 1 / 3],
} as const;

/**
 * What small values mean (PS3.3 C.7.6.3.1.2): MONOCHROME1 is turned within the range of possible values, colour
 * becomes grey by named weights, grey becomes three equal channels.
 */
export const photometric: Operation<Of<typeof parameters>> = {
  name: 'photometric',
  parameters,
  apply: each((image, { to, weights }) => {
    if (to === 'RGB') return image.photometric === 'RGB' ? image : coloured(upright(image));
    if (image.photometric !== 'RGB') return upright(image);
    return grey(image, WEIGHTS[weights ?? impossible('colour images need named weights')]);
  }),
};

function upright(image: Image): Image {
  if (image.photometric !== 'MONOCHROME1') return image;
  const sum = image.range[0] + image.range[1];
  return { ...image, photometric: 'MONOCHROME2', data: mapped(image, (value) => sum - value) };
}

function grey(image: Image, [red, green, blue]: readonly [number, number, number]): Image {
  const out = new Float32Array(image.data.length / 3);
  for (let index = 0; index < out.length; index++) {
    const at = index * 3;
    const [r, g, b] = [image.data[at] as number, image.data[at + 1] as number, image.data[at + 2] as number];
    out[index] = r * red + g * green + b * blue;
  }
  return { ...image, photometric: 'MONOCHROME2', channels: 1, data: out };
}

function coloured(image: Image): Image {
  const out = new Float32Array(image.data.length * 3);
  for (let index = 0; index < out.length; index++) out[index] = image.data[Math.floor(index / 3)] as number;
  return { ...image, photometric: 'RGB', channels: 3, data: out };
}
