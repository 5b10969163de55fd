import type { ImageDescription } from '@acervo/dicom/pixel/description.ts';
import type { Presentation } from '@acervo/dicom/pixel/presentation.ts';
import type { Samples } from '@acervo/dicom/pixel/samples.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Shape } from '../shape.ts';

export type Vector = readonly [number, number, number];

export const dot = (a: Vector, b: Vector): number => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** Where an image lies in the patient (PS3.3 C.7.6.2.1.1): mm, and cosines; x to the left, y to the back, z up. */
export type Geometry = {
  /** Centre of the first pixel of the first slice. */
  position: Vector;
  /** In which the index of the slice, of the row and of the column increases. */
  axes: readonly [slice: Vector, row: Vector, column: Vector];
  /** Between slices (0 of a single one), rows and columns. */
  spacing: Vector;
};

/** What the archive has read and decoded of one frame: the input of a pipeline. Plain data. */
export type DecodedFrame = {
  samples: Samples;
  description: ImageDescription;
  presentation: Presentation;
  geometry: Geometry | undefined;
};

/** Values on the way from frames to a tensor. */
export type Image = {
  /**
   * [slices, rows, columns, channels], the last one fastest. Given away with the image: an operation that changes each
   * value by itself writes over it, since new memory for every step of a volume costs as much as the step.
   */
  data: Float32Array;
  slices: number;
  rows: number;
  columns: number;
  channels: number;
  photometric: 'MONOCHROME1' | 'MONOCHROME2' | 'RGB';
  /** The least and the largest value that can be there, which is not what is there. */
  range: readonly [least: number, largest: number];
  geometry: Geometry | undefined;
  /** Of the frame that it was decoded from. */
  presentation: Presentation;
};

/**
 * One operation of ops/1: from images, which nobody has any more, to images, and of nothing else. Everything is
 * computed in binary64 and rounded to binary32 once, to the nearest, ties to even, when a value is put into `data`.
 */
export type Operation<P> = {
  name: string;
  parameters: Shape<P>;
  /** @throws {Failure} model/operation where it cannot be done; model/not-applicable where these images do not fit */
  apply(images: readonly Image[], parameters: P): readonly Image[];
};

/** Values of a volume: what a manifest can ask for must not fill the memory. */
export const VALUES_MAX = 2 ** 28;

/** The same for each image alone. */
export const each =
  <P>(change: (image: Image, parameters: P) => Image) =>
  (images: readonly Image[], parameters: P): readonly Image[] =>
    images.map((image) => change(image, parameters));

/** Every value anew, in its place. What is for volumes has loops of its own: there a call for each value costs most. */
export function mapped({ data, channels }: Image, of: (value: number, channel: number) => number): Float32Array {
  if (channels === 1) {
    for (let index = 0; index < data.length; index++) data[index] = of(data[index] as number, 0);
    return data;
  }
  for (let index = 0; index < data.length; index++) data[index] = of(data[index] as number, index % channels);
  return data;
}

export function impossible(what: string): never {
  throw new Failure('model/operation', what);
}

/** These images are none that the model is for. @param rule the name that the answer gives */
export function notApplicable(rule: string, what: string): never {
  throw new Failure('model/not-applicable', `${rule}: ${what}`);
}
