import { deflateRawSync } from 'node:zlib';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { dataSetFrom } from './attributes.ts';
import { STUDIES } from './plan.ts';
import { type Door, type Made, type StudyPlan, studyOf } from './study.ts';

/** One object of the sample as it comes to the archive: its data set without a file's head. */
export type SampleObject = {
  /** Code of the institution that it belongs to. */
  institution: string;
  /** The device that sends it. */
  system: { aeTitle: string; vendor: string };
  /** By which door it is meant to come in. */
  door: Door;
  sopClassUid: string;
  sopInstanceUid: string;
  studyUid: string;
  seriesUid: string;
  transferSyntaxUid: string;
  dataSet: Uint8Array;
  /** What this object's study is there to show. */
  note: string;
};

export type SampleOptions = {
  /** The same seed gives the same bytes, UIDs included. */
  seed: string;
  /** Only the first so many studies; a report counts as one. Default: all. */
  studies?: number;
  /** Of these; default: the sample's own. */
  plans?: readonly StudyPlan[];
};

/** Fast rather than small: noise hardly deflates. */
const DEFLATE_LEVEL = 1;

/**
 * A small national sample: three institutions, five modalities, right and wrong character sets, four
 * transfer syntaxes; some 150 objects, 90 MB. Everything in it is invented: names, numbers, pictures; the
 * CURPs are nobody's (see `syntheticCurp`). An object is made when it is asked for.
 */
export function* generateSample({
  seed,
  plans = STUDIES,
  studies = plans.length,
}: SampleOptions): Generator<SampleObject> {
  for (const plan of plans.slice(0, studies)) {
    const study = studyOf(plan, seed);
    for (const made of plan.make(study)) yield sampleObject(plan, study.studyUid, made);
  }
}

function sampleObject(plan: StudyPlan, studyUid: string, made: Made): SampleObject {
  const { system, door, transferSyntaxUid, note } = plan;
  const { sopClassUid, sopInstanceUid, seriesUid } = made;
  return {
    institution: system.institution.code,
    system: { aeTitle: system.aeTitle, vendor: system.vendor },
    door,
    sopClassUid,
    sopInstanceUid,
    studyUid,
    seriesUid,
    transferSyntaxUid,
    dataSet: encoded(made, plan),
    note,
  };
}

function encoded({ attributes }: Made, { charset, transferSyntaxUid }: StudyPlan): Uint8Array {
  const syntax = findTransferSyntax(transferSyntaxUid);
  if (syntax === undefined) throw new RangeError(`no transfer syntax ${transferSyntaxUid}`);
  const written = writeDataSet(dataSetFrom(attributes, charset), syntax);
  if (!syntax.deflated) return written;
  const deflated = deflateRawSync(written, { level: DEFLATE_LEVEL });
  // PS3.5 A.5: padded to even length.
  return deflated.length % 2 === 0 ? deflated : concat([deflated, new Uint8Array(1)]);
}
