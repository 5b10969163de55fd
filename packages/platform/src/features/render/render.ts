import { IMPLEMENTATION_VERSION_NAME } from '@acervo/dicom/part10.ts';
import type { ImageDescription } from '@acervo/dicom/pixel/description.ts';
import { readPresentation } from '@acervo/dicom/pixel/presentation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { etagOf } from '../../bindings/representation.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { HeldImages } from '../../holdings/held-images.ts';
import type { Imaging, PictureFormat, PictureRequest } from '../../ports/imaging.ts';
import type { Op } from '../../ports/op.ts';
import type { Region, RenderingParameters } from './parameters.ts';

/** What renders: headers and frames of images, and the workers. */
export type Renderer = { images: HeldImages; imaging: Imaging };

/** Which picture: of which frame (from 1), and how. */
export type PictureOf = {
  instance: HeldInstance;
  frame: number;
  format: PictureFormat;
  parameters: RenderingParameters;
};

/** @throws {Failure} pixel/*, retrieve/no-frame, request/invalid for a region beside the image */
export async function renderFrame({ images, imaging }: Renderer, of: PictureOf, op: Op): Promise<Uint8Array> {
  const image = await images.of(of.instance);
  const presentation = readPresentation(image.header, image.description, of.frame);
  const { window, fit, region, quality } = of.parameters;
  if (window !== undefined && !image.description.photometricInterpretation.startsWith('MONOCHROME')) {
    throw new Failure('request/invalid', 'a window for an image in colour');
  }
  const stored = await images.frame(of.instance, image, of.frame);
  const request: PictureRequest = {
    presentation: window === undefined ? presentation : { ...presentation, voi: { kind: 'window', window } },
    format: of.format,
    quality,
    ...(fit !== undefined && { fit }),
    ...(region !== undefined && { region: regionOf(region, image.description) }),
  };
  return imaging.picture(stored, request, op.signal);
}

/** The pixels of the image that a viewport shows: a side below zero mirrors it (PS3.18 8.3.5.1.3). */
function regionOf(
  { x, y, width, height }: Region,
  { rows, columns }: ImageDescription,
): NonNullable<PictureRequest['region']> {
  const left = Math.trunc(x);
  const top = Math.trunc(y);
  const [w, h] = [Math.trunc(width ?? columns - left), Math.trunc(height ?? rows - top)];
  const isWithin =
    left >= 0 && top >= 0 && w !== 0 && h !== 0 && left + Math.abs(w) <= columns && top + Math.abs(h) <= rows;
  if (!isWithin) throw new Failure('request/invalid', 'viewport: the region is not within the image');
  return { left, top, width: Math.abs(w), height: Math.abs(h), flipX: w < 0, flipY: h < 0 };
}

/** Tag of a picture: its bytes follow from the stored ones and from what was asked. */
export function pictureTag({ instance, frame, format, parameters }: PictureOf): string {
  const { digest, transferSyntaxUid } = instance;
  const { window, fit, region, quality } = parameters;
  const asked = JSON.stringify([window, fit, region, quality]);
  return etagOf('picture', IMPLEMENTATION_VERSION_NAME, digest, transferSyntaxUid, frame, format, asked);
}
