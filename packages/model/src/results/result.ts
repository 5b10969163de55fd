import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import type { Manifest } from '../manifest/manifest.ts';
import type { Grid } from '../ops/pipeline.ts';

/** Of what stage a result is (PS3.3 C.8.13.2.1.1): whether it may be acted on. */
export type Qualification = 'RESEARCH' | 'PRODUCT';

/** A score against one operating point. */
export type Decision = {
  output: string;
  score: number;
  operatingPoint: string;
  threshold: number;
  isPositive: boolean;
  abstains: boolean;
};

/** An image that the model was given. */
export type SourceImage = {
  dataSet: DataSet;
  sopClassUid: string;
  sopInstanceUid: string;
  seriesUid: string;
  /** SHA-256 of the (inflated) data set, in hexadecimal. */
  dataSetSha256: string;
};

/** A run of a model that is done, and all that its objects are made of: nothing else enters them. */
export type Run = {
  manifest: Manifest;
  /** Version of the operations, `ops/1`. */
  operations: string;
  /** At least one, of one study, in the order that the model was given them. */
  images: readonly SourceImage[];
  outputs: { readonly [name: string]: readonly number[] };
  decisions: readonly Decision[];
  /** Where the tensor lies in the patient; undefined where its images do not say. */
  grid: Grid | undefined;
  /** When the task was, DA and TM, in the time of the study. */
  made: { date: string; time: string };
  qualification: Qualification;
};

export type ResultObject = {
  kind: 'dicom-sr' | 'dicom-seg';
  sopClassUid: string;
  sopInstanceUid: string;
  seriesUid: string;
  studyUid: string;
  /** A DICOM file, Explicit VR Little Endian. */
  file: Uint8Array;
};

export const COMPREHENSIVE_3D_SR = '1.2.840.10008.5.1.4.1.1.88.34';
export const SEGMENTATION_STORAGE = '1.2.840.10008.5.1.4.1.1.66.4';
