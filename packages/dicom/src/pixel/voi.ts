import { Failure } from '@acervo/kernel/failure.ts';
import { type LookupTable, look } from './lookup-table.ts';

export const VOI_FUNCTIONS = ['LINEAR', 'LINEAR_EXACT', 'SIGMOID'] as const;
export type VoiFunction = (typeof VOI_FUNCTIONS)[number];

/** A window (PS3.3 C.11.2.1.2), in the unit of modality values. */
export type VoiWindow = { center: number; width: number; function: VoiFunction };

/** How modality values become shades (PS3.3 C.11.2). `range`: from the smallest to the largest of the frame. */
export type Voi = { kind: 'window'; window: VoiWindow } | { kind: 'table'; table: LookupTable } | { kind: 'range' };

/** How stored values become modality values (PS3.3 C.11.1). */
export type Modality = { kind: 'rescale'; slope: number; intercept: number } | { kind: 'table'; table: LookupTable };

export const IDENTITY: Modality = { kind: 'rescale', slope: 1, intercept: 0 };

/** The modality value of a stored value. */
export function modalityOf(modality: Modality): (stored: number) => number {
  if (modality.kind === 'table') return (stored) => look(modality.table, stored);
  const { slope, intercept } = modality;
  return (stored) => stored * slope + intercept;
}

/** @throws {Failure} request/invalid for a width that the function does not allow (C.11.2.1.2.1, C.11.2.1.3) */
export function checkedWindow(window: VoiWindow): VoiWindow {
  const isPossible = window.function === 'LINEAR' ? window.width >= 1 : window.width > 0;
  if (isPossible && Number.isFinite(window.center) && Number.isFinite(window.width)) return window;
  throw new Failure('request/invalid', `window of width ${window.width}`);
}

/**
 * The shade, from 0 to `yMax`, of a modality value.
 * @param range smallest and largest modality value of the frame, for `range`
 */
export function shadeOf(voi: Voi, range: readonly [number, number], yMax: number): (value: number) => number {
  switch (voi.kind) {
    case 'table': {
      const factor = yMax / (2 ** voi.table.bits - 1);
      return (value) => look(voi.table, value) * factor;
    }
    case 'range': {
      const [low, high] = range;
      const factor = high > low ? yMax / (high - low) : 0;
      return (value) => (value - low) * factor;
    }
    case 'window':
      return windowed(voi.window, yMax);
  }
}

function windowed({ center, width, function: by }: VoiWindow, yMax: number): (value: number) => number {
  const clamped = (y: number): number => (y < 0 ? 0 : y > yMax ? yMax : y);
  switch (by) {
    case 'LINEAR': {
      // C.11.2.1.2.1: a width of 1 is a threshold.
      if (width <= 1) return (value) => (value <= center - 0.5 ? 0 : yMax);
      return (value) => clamped(((value - (center - 0.5)) / (width - 1) + 0.5) * yMax);
    }
    case 'LINEAR_EXACT':
      return (value) => clamped(((value - center) / width + 0.5) * yMax);
    case 'SIGMOID':
      return (value) => yMax / (1 + Math.exp((-4 * (value - center)) / width));
  }
}
