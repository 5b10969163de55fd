import { itemsOf, numberOf, numbersOf, textsOf } from '../data-set/access.ts';
import type { DataSet } from '../data-set/model.ts';
import { T } from '../tags.ts';
import type { ImageDescription } from './description.ts';
import { readLookupTable } from './lookup-table.ts';
import { type Overlay, readOverlays } from './overlay.ts';
import { type Palette, readPalette } from './palette.ts';
import { IDENTITY, type Modality, VOI_FUNCTIONS, type Voi, type VoiWindow } from './voi.ts';

/** How a frame is to be shown, by what stands in its object (PS3.4 N.2). Plain data. */
export type Presentation = {
  modality: Modality;
  voi: Voi;
  /** Stored values that are no image (PS3.3 C.7.5.1.1.2): they do not count where the range decides. */
  padding: { from: number; to: number } | undefined;
  /** Small values are white. */
  isInverse: boolean;
  palette: Palette | undefined;
  overlays: readonly Overlay[];
};

/**
 * What an object says of frame `number` (from 1): its own functional groups first, then the shared ones (PS3.3
 * C.7.6.16), then the attributes of the image. Of several windows the first.
 * @throws {Failure} pixel/malformed for a PALETTE COLOR image without a palette
 */
export function readPresentation(dataSet: DataSet, description: ImageDescription, number: number): Presentation {
  const { photometricInterpretation, isSigned } = description;
  const modality = readModality(dataSet, isSigned, number);
  const shape = textsOf(dataSet.elements.get(T.PresentationLUTShape))[0];
  return {
    modality,
    voi: readVoi(dataSet, isSigned || isNegative(modality), number),
    padding: readPadding(dataSet, description),
    isInverse: photometricInterpretation === 'MONOCHROME1' || shape === 'INVERSE',
    palette: photometricInterpretation === 'PALETTE COLOR' ? readPalette(dataSet, isSigned) : undefined,
    overlays: readOverlays(dataSet, number),
  };
}

const isNegative = (modality: Modality): boolean => modality.kind === 'rescale' && modality.intercept < 0;

/** The item of a functional group macro that applies to a frame. */
function groupOf(dataSet: DataSet, macro: number, number: number): DataSet | undefined {
  const own = itemsOf(dataSet, T.PerFrameFunctionalGroupsSequence)[number - 1];
  const shared = itemsOf(dataSet, T.SharedFunctionalGroupsSequence)[0];
  return [own, shared].flatMap((of) => (of === undefined ? [] : itemsOf(of, macro)))[0];
}

function readModality(dataSet: DataSet, isSigned: boolean, number: number): Modality {
  const [item] = itemsOf(dataSet, T.ModalityLUTSequence);
  const table = item && readLookupTable(item, isSigned);
  if (table !== undefined) return { kind: 'table', table };
  const of = groupOf(dataSet, T.PixelValueTransformationSequence, number) ?? dataSet;
  const slope = numberOf(of, T.RescaleSlope) ?? 1;
  const intercept = numberOf(of, T.RescaleIntercept) ?? 0;
  // A slope of 0 would make one shade of everything: a broken header.
  return slope === 0 ? IDENTITY : { kind: 'rescale', slope, intercept };
}

function readVoi(dataSet: DataSet, isSigned: boolean, number: number): Voi {
  const of = groupOf(dataSet, T.FrameVOILUTSequence, number) ?? dataSet;
  const window = readWindow(of);
  if (window !== undefined) return { kind: 'window', window };
  const [item] = itemsOf(dataSet, T.VOILUTSequence);
  const table = item && readLookupTable(item, isSigned);
  return table === undefined ? { kind: 'range' } : { kind: 'table', table };
}

function readWindow(of: DataSet): VoiWindow | undefined {
  const center = numberOf(of, T.WindowCenter);
  const width = numberOf(of, T.WindowWidth);
  const named = textsOf(of.elements.get(T.VOILUTFunction))[0];
  const by = VOI_FUNCTIONS.find((each) => each === named) ?? 'LINEAR';
  // Widths below what the function allows stand in real headers: they say nothing.
  if (center === undefined || width === undefined || width <= 0 || (by === 'LINEAR' && width < 1)) return undefined;
  return { center, width, function: by };
}

function readPadding(dataSet: DataSet, { isSigned, bitsAllocated }: ImageDescription): Presentation['padding'] {
  const stored = (tag: number): number | undefined => {
    const [value] = numbersOf(dataSet.elements.get(tag), dataSet.littleEndian);
    if (value === undefined || Number.isNaN(value)) return undefined;
    if (isSigned) return bitsAllocated === 8 ? (value << 24) >> 24 : (value << 16) >> 16;
    return value & 0xffff;
  };
  const value = stored(T.PixelPaddingValue);
  if (value === undefined) return undefined;
  const limit = stored(T.PixelPaddingRangeLimit) ?? value;
  return { from: Math.min(value, limit), to: Math.max(value, limit) };
}
