import type { Code } from './code.ts';

/** How an item belongs to the one that it stands in (PS3.3 table C.17.3-8). */
export type Relationship =
  | 'CONTAINS'
  | 'HAS OBS CONTEXT'
  | 'HAS ACQ CONTEXT'
  | 'HAS CONCEPT MOD'
  | 'HAS PROPERTIES'
  | 'INFERRED FROM'
  | 'SELECTED FROM';

/** Graphic types in the plane of an image (PS3.3 C.18.6.1.2). */
export type Graphic = 'POINT' | 'MULTIPOINT' | 'POLYLINE' | 'CIRCLE' | 'ELLIPSE';
/** Graphic types in space (PS3.3 C.18.9.1.2). */
export type Graphic3d = 'POINT' | 'MULTIPOINT' | 'POLYLINE' | 'POLYGON' | 'ELLIPSE' | 'ELLIPSOID';

export type ObjectReference = { sopClassUid: string; sopInstanceUid: string };
export type ImageReference = ObjectReference & {
  /** From 1. Absent: all of them. */
  frames?: readonly number[];
  /** Of a segmentation, from 1. */
  segments?: readonly number[];
};

/** What an item says, by its Value Type (PS3.3 C.17.3.2.1). */
export type Said =
  | { type: 'CONTAINER'; continuity: 'SEPARATE' | 'CONTINUOUS'; template?: { id: string; resource: string } }
  | { type: 'CODE'; code: Code }
  | { type: 'NUM'; value: number; unit: Code }
  /** A value that could not be had, and why (CID 42). */
  | { type: 'NUM'; missing: Code }
  | { type: 'TEXT'; text: string }
  | { type: 'PNAME'; name: string }
  /** DT, DA and TM as PS3.5 6.2 writes them. */
  | { type: 'DATETIME' | 'DATE' | 'TIME'; at: string }
  | { type: 'UIDREF'; uid: string }
  | { type: 'IMAGE'; image: ImageReference }
  | { type: 'COMPOSITE'; object: ObjectReference }
  /** Column, row and so on, in pixels of the image that it is selected from; 1 \\ 1 is the top left corner's centre. */
  | { type: 'SCOORD'; graphic: Graphic; points: readonly number[] }
  /** x, y, z and so on, mm, of the patient. */
  | { type: 'SCOORD3D'; graphic: Graphic3d; points: readonly number[]; frameOfReferenceUid: string };

/** One item of a document's tree: relationships by value only. The root has no relationship. */
export type ContentItem = Said & {
  relationship?: Relationship;
  /** Concept name. May be absent in IMAGE, COMPOSITE, SCOORD, SCOORD3D. */
  concept?: Code;
  /** DT. */
  observedAt?: string;
  observationUid?: string;
  children?: readonly ContentItem[];
};
