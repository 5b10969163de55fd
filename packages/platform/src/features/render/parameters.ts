import { checkedWindow, VOI_FUNCTIONS, type VoiWindow } from '@acervo/dicom/pixel/voi.ts';
import type { QueryParameter } from '@acervo/interop/dicomweb/capabilities.ts';
import { Failure } from '@acervo/kernel/failure.ts';

/** What a request says of the picture it wants (PS3.18 8.3.5.1). */
export type RenderingParameters = {
  window: VoiWindow | undefined;
  /** What the picture is to fit into, in pixels. */
  fit: { width: number; height: number } | undefined;
  region: Region | undefined;
  /** 1 to 100. */
  quality: number;
  /** Values of `annotation`: none is drawn. */
  annotation: readonly string[];
};

/** Part of the image, in its pixels; sides below zero mirror it, absent ones reach to the edge. */
export type Region = { x: number; y: number; width: number | undefined; height: number | undefined };

/** Sides of a picture, in pixels. */
export const VIEWPORT_SIDE_MAX = 8192;
const QUALITY = 90;

/** What documents say of the query. */
export const RENDERING_QUERY: readonly QueryParameter[] = [
  { name: 'accept', description: 'Media ranges, in place of the header' },
  { name: 'window', description: 'center,width,function: linear, linear-exact or sigmoid' },
  { name: 'viewport', description: 'vw,vh or vw,vh,sx,sy,sw,sh in pixels' },
  { name: 'quality', description: '1 to 100, of JPEG and WebP' },
];

/** @throws {Failure} request/invalid for a parameter that is not what PS3.18 says */
export function readRenderingParameters(query: URLSearchParams): RenderingParameters {
  return {
    window: windowOf(query.get('window')),
    ...viewportOf(query.get('viewport')),
    quality: qualityOf(query.get('quality')),
    annotation: (query.get('annotation') ?? '').split(',').filter((value) => value !== ''),
  };
}

/** Whether a picture may have a side of so many pixels. */
export const isSide = (side: number | undefined): side is number =>
  side !== undefined && Number.isInteger(side) && side >= 1 && side <= VIEWPORT_SIDE_MAX;

const invalid = (what: string): never => {
  throw new Failure('request/invalid', what);
};

function numbers(text: string, name: string): (number | undefined)[] {
  return text.split(',').map((part) => {
    if (part === '') return undefined;
    return /^[+-]?\d{1,12}(\.\d{1,12})?$/.test(part) ? Number(part) : invalid(`${name}: no number`);
  });
}

/** PS3.18 8.3.5.1.4: all three are required; a missing function is LINEAR, which older clients leave out. */
function windowOf(text: string | null): VoiWindow | undefined {
  if (text === null || text === '') return undefined;
  const [center = '', width = '', named = 'linear', ...others] = text.split(',');
  const by = VOI_FUNCTIONS.find((each) => each.toLowerCase().replace('_', '-') === named.toLowerCase());
  if (by === undefined || others.length > 0) return invalid('window: center,width,function');
  const [c, w] = numbers(`${center},${width}`, 'window');
  if (c === undefined || w === undefined) return invalid('window: center,width,function');
  return checkedWindow({ center: c, width: w, function: by });
}

/** PS3.18 8.3.5.1.3. */
function viewportOf(text: string | null): Pick<RenderingParameters, 'fit' | 'region'> {
  if (text === null || text === '') return { fit: undefined, region: undefined };
  const [width, height, x, y, regionWidth, regionHeight, ...others] = numbers(text, 'viewport');
  if (!isSide(width) || !isSide(height) || others.length > 0) {
    return invalid(`viewport: two sides from 1 to ${VIEWPORT_SIDE_MAX}, then at most four numbers`);
  }
  const isWhole = [x, y, regionWidth, regionHeight].every((each) => each === undefined);
  const region = isWhole ? undefined : { x: x ?? 0, y: y ?? 0, width: regionWidth, height: regionHeight };
  return { fit: { width, height }, region };
}

export function qualityOf(text: string | null): number {
  if (text === null || text === '') return QUALITY;
  const quality = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  return quality >= 1 && quality <= 100 ? quality : invalid('quality: 1 to 100');
}
