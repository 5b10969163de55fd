import type { Code } from '../sr/code.ts';
import type { ObjectReference } from '../sr/content.ts';

/** What computed a segment (PS3.3 C.10.16, Algorithm Identification macro). */
export type Algorithm = { family: Code; name: string; version: string; parameters?: string; source?: string };

/** One thing that is drawn (PS3.3 C.8.20.4). */
export type Segment = {
  /** From 1, without gaps. */
  number: number;
  label: string;
  category: Code;
  property: Code;
  algorithm: Algorithm;
  /** Recommended Display CIELab Value, each 0 to 65535 (PS3.3 C.10.7.1.1). */
  cielab: readonly [lightness: number, a: number, b: number];
  tracking?: { id: string; uid: string };
};

/** Where a segment lies in one source image, in the pixels of that image. */
export type Plane = {
  segment: number;
  source: ObjectReference;
  /** Image Position (Patient) of the source image, mm. */
  position: readonly [number, number, number];
  /** Rows x columns, 0 or 1. */
  pixels: Uint8Array;
};

/** A binary segmentation in the pixels of its source images, which are parallel and of one frame of reference. */
export type Segmentation = {
  rows: number;
  columns: number;
  /** Image Orientation (Patient): direction cosines of a row, then of a column. */
  orientation: readonly number[];
  /** Between rows, between columns, mm. */
  pixelSpacing: readonly [number, number];
  /** mm; absent where the source does not say. */
  sliceThickness?: number;
  /** Between the centres of neighbouring slices, mm; absent where there is one. */
  spacingBetweenSlices?: number;
  dimensionOrganizationUid: string;
  segments: readonly Segment[];
  planes: readonly Plane[];
};
