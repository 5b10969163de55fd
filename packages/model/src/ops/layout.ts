import { type Of, object, oneOf } from '../shape.ts';
import { type Image, impossible } from './image.ts';

const LAYOUTS = ['NCHW', 'NHWC', 'NCDHW', 'NDHWC'] as const;
const parameters = object({ op: oneOf('layout'), to: oneOf(...LAYOUTS) }, {});

/** The input of a model. */
export type Tensor = { dims: readonly number[]; data: Float32Array };

/** The last step of every pipeline: one image becomes one tensor of a batch of one. */
export const layout = { name: 'layout', parameters };

/**
 * @throws {Failure} model/operation for several images, slices where none may be, or values that are no numbers; a
 *   negative zero becomes zero, so that equal values have equal bytes.
 */
export function tensorOf(images: readonly Image[], { to }: Of<typeof parameters>): Tensor {
  const [image] = images;
  if (image === undefined || images.length !== 1)
    impossible(`${images.length} images, and no operation makes them one`);
  const { slices, rows, columns, channels } = image;
  const isFlat = to === 'NCHW' || to === 'NHWC';
  if (isFlat && slices !== 1) impossible(`${to} of ${slices} slices`);
  const places = isFlat ? [rows, columns] : [slices, rows, columns];
  const data = to === 'NCHW' || to === 'NCDHW' ? byChannel(image) : image.data.slice();
  for (let index = 0; index < data.length; index++) {
    const value = data[index] as number;
    if (!Number.isFinite(value)) impossible('a value that is no finite number');
    if (value === 0) data[index] = 0;
  }
  return { dims: to.startsWith('NC') ? [1, channels, ...places] : [1, ...places, channels], data };
}

function byChannel({ data, channels }: Image): Float32Array {
  const out = new Float32Array(data.length);
  const places = data.length / channels;
  for (let place = 0; place < places; place++) {
    for (let channel = 0; channel < channels; channel++) {
      out[channel * places + place] = data[place * channels + channel] as number;
    }
  }
  return out;
}

/**
 * The bytes that a digest of a tensor is of: `float32 1x1x64x64` and a line feed, then the values in little endian.
 */
export function tensorBytes({ dims, data }: Tensor): Uint8Array<ArrayBuffer> {
  const head = new TextEncoder().encode(`float32 ${dims.join('x')}\n`);
  const out = new Uint8Array(head.length + data.length * 4);
  out.set(head);
  const view = new DataView(out.buffer, head.length);
  for (let index = 0; index < data.length; index++) view.setFloat32(index * 4, data[index] as number, true);
  return out;
}
