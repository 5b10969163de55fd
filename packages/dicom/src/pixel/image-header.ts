import { numberOf, textsOf } from '../data-set/access.ts';
import type { DataSet } from '../data-set/model.ts';
import { T } from '../tags.ts';

/** Number of Frames (0028,0008); 1 where it is absent, empty or no number, as for a single-frame image. */
export function framesClaimed(dataSet: DataSet): number {
  const frames = numberOf(dataSet, T.NumberOfFrames) ?? 1;
  return Number.isSafeInteger(frames) ? Math.max(1, frames) : 1;
}

/** Photometric Interpretation (0028,0004); '' where it is absent. */
export const photometricInterpretation = (dataSet: DataSet): string =>
  textsOf(dataSet.elements.get(T.PhotometricInterpretation))[0] ?? '';
