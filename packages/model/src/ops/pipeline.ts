import { list, type Of, type Shape, variants } from '../shape.ts';
import { crop } from './crop.ts';
import { decode, imagesOf } from './decode.ts';
import { type DecodedFrame, type Geometry, type Image, impossible, type Operation } from './image.ts';
import { layout, type Tensor, tensorOf } from './layout.ts';
import { modalityLut } from './modality-lut.ts';
import { normalise } from './normalise.ts';
import { orientation } from './orientation.ts';
import { pad } from './pad.ts';
import { photometric } from './photometric.ts';
import { resize } from './resize.ts';
import { scale } from './scale.ts';
import { voi } from './voi.ts';
import { volume } from './volume.ts';

/** The closed set. What is added, or changes its result, is ops/2: results name the version that they were made by. */
export const OPS_VERSION = 'ops/1';

const STEPS = { modalityLut, photometric, voi, resize, crop, pad, normalise, scale, orientation, volume } as const;

type Parameters = { [K in keyof typeof STEPS]: (typeof STEPS)[K] extends Operation<infer P> ? P : never };
export type Step = Parameters[keyof Parameters] | Of<(typeof decode)['parameters']> | Of<(typeof layout)['parameters']>;

const shapes: Record<string, Shape<Step>> = {
  decode: decode.parameters,
  ...Object.fromEntries(Object.entries(STEPS).map(([name, { parameters }]) => [name, parameters])),
  layout: layout.parameters,
};

const steps = list(variants<Step>('op', shapes), 2, 32);

/** A list of steps: decode first, layout last, each of them once. */
export const pipelineShape: typeof steps = {
  schema: steps.schema,
  read: (value, at, say) => {
    const read = steps.read(value, at, say);
    const isFramed = read?.every(
      ({ op }, index) => (op === 'decode') === (index === 0) && (op === 'layout') === (index === read.length - 1),
    );
    if (isFramed === false) say(at, 'decode stands first, layout last, and neither in between');
    return isFramed === true ? read : undefined;
  },
};

/** The places of a tensor's values, whatever its layout; where they lie in the patient, if the images say it. */
export type Grid = { slices: number; rows: number; columns: number; geometry: Geometry | undefined };

/**
 * From decoded frames to the tensor that the model is given, and where it lies.
 * @throws {Failure} model/operation, model/not-applicable
 */
export const runPipeline = (
  pipeline: readonly Step[],
  frames: readonly DecodedFrame[],
): { tensor: Tensor; grid: Grid } => placedAtEnd(pipeline, imagesOf(frames));

/** The steps after `decode`. */
export const tensorAtEnd = (pipeline: readonly Step[], decoded: readonly Image[]): Tensor =>
  placedAtEnd(pipeline, decoded).tensor;

function placedAtEnd(pipeline: readonly Step[], decoded: readonly Image[]): { tensor: Tensor; grid: Grid } {
  let images = decoded;
  for (const step of pipeline) {
    if (step.op === 'layout') {
      const tensor = tensorOf(images, step);
      const [{ slices, rows, columns, geometry }] = images as readonly [Image];
      return { tensor, grid: { slices, rows, columns, geometry } };
    }
    images = applied(step, images);
  }
  return impossible('a pipeline without layout');
}

/** One step. */
export function applied(step: Step, images: readonly Image[]): readonly Image[] {
  switch (step.op) {
    case 'decode':
    case 'layout':
      return images;
    case 'modalityLut':
      return modalityLut.apply(images, step);
    case 'photometric':
      return photometric.apply(images, step);
    case 'voi':
      return voi.apply(images, step);
    case 'resize':
      return resize.apply(images, step);
    case 'crop':
      return crop.apply(images, step);
    case 'pad':
      return pad.apply(images, step);
    case 'normalise':
      return normalise.apply(images, step);
    case 'scale':
      return scale.apply(images, step);
    case 'orientation':
      return orientation.apply(images, step);
    case 'volume':
      return volume.apply(images, step);
  }
}
