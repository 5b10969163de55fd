import type { Picture } from '@acervo/dicom/pixel/picture.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import sharp, { type Sharp } from 'sharp';
import type { PictureRequest } from '../../ports/imaging.ts';

// A worker does one picture at a time, and what it made is not asked of it again.
sharp.concurrency(1);
sharp.cache(false);

/** libwebp knows no longer side (and JPEG none beyond 65535). */
const WEBP_SIDE_MAX = 16_383;
/** Level 1 takes a third of the time of libpng's default, for files that are a few percent larger. */
const PNG_LEVEL = 1;

/** The part of a picture that was asked for, at its size, in its format (PS3.18 8.3.5.1). */
export async function encodePicture(picture: Picture, request: PictureRequest): Promise<Uint8Array> {
  const { width, height, channels, data } = picture;
  const { region, fit, format, quality } = request;
  let image = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  if (region !== undefined) {
    image = image.extract({ left: region.left, top: region.top, width: region.width, height: region.height });
    if (region.flipX) image = image.flop();
    if (region.flipY) image = image.flip();
  }
  if (fit !== undefined) image = image.resize({ ...fit, fit: 'inside', kernel: 'lanczos3' });
  const longest =
    fit === undefined ? Math.max(region?.width ?? width, region?.height ?? height) : Math.max(fit.width, fit.height);
  if (format === 'webp' && longest > WEBP_SIDE_MAX) throw new Failure('pixel/limit', `WebP of ${longest} pixels`);
  if (channels === 1) image = image.toColourspace('b-w');
  const encoded = await inFormat(image, format, quality);
  // Memory of libvips cannot be given to another thread.
  return new Uint8Array(encoded);
}

function inFormat(image: Sharp, format: PictureRequest['format'], quality: number): Promise<Uint8Array> {
  switch (format) {
    case 'jpeg':
      // Colours are not subsampled: red lines on black are what ultrasound and reports are made of. Codes of the
      // picture's own would save a few percent of its bytes, for half as much time again.
      return image.jpeg({ quality, chromaSubsampling: '4:4:4', optimiseCoding: false }).toBuffer();
    case 'png':
      return image.png({ compressionLevel: PNG_LEVEL }).toBuffer();
    case 'webp':
      return image.webp({ quality }).toBuffer();
  }
}
