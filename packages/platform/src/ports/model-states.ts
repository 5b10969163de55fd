import type { Digest } from '@acervo/model/lifecycle/evidence.ts';

/** A version of a model that runs at an institution, now. */
export type RunningModel = {
  /** Of the package, hexadecimal. */
  package: string;
  model: string;
  version: string;
  /** `silencioso`: nobody sees what it finds. */
  stage: 'silencioso' | 'limitado' | 'general';
  /** Share of the studies that it is for: packages/model/src/lifecycle/assignment.ts; 100 but for limited use. */
  percentage: number;
  /** Content Qualification (0018,9004) of whatever it gives (PS3.3 C.8.13.2.1.1). */
  contentQualification: 'PRODUCT' | 'RESEARCH';
  /** To be shown with every answer; undefined where it is for patients. */
  mark: 'demostración' | 'investigación' | undefined;
  /** Of thresholds and calibration, as they were signed for. */
  thresholds: Digest;
  /** When the first of the signatures that it stands by expires. */
  until: string;
};

/** The life-cycle as it is now, in memory, seconds behind the database at the most. */
export type ModelStates = {
  /** Grows with every change. */
  readonly revision: number;
  /** What may run for an institution; nothing else may. Empty also where what was read is too old to be relied on. */
  runningAt(institution: string): readonly RunningModel[];
};
