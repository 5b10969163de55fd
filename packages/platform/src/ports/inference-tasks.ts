import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { Qualification, ResultObject } from '@acervo/model/results/result.ts';
import type { Said } from '@acervo/model/silent/said.ts';
import type { LentBytes } from './blob-store.ts';

/** Where a package stands at an institution while it may run there (the life-cycle's words). */
export const STAGES = ['silencioso', 'limitado', 'general'] as const;
export type Stage = (typeof STAGES)[number];

/** A package that may run at an institution now, as the life-cycle tells it. */
export type PlacedModel = {
  /** SHA-256 of its signed statement, hexadecimal: its name. */
  package: string;
  /** The id of its manifest, and the version. */
  model: string;
  version: string;
  stage: Stage;
  /** Share of the studies that it is for. */
  percentage: number;
  /** Content Qualification (0018,9004) of its results, PS3.3 C.8.13.2.1.1. */
  contentQualification: Qualification;
};

/** What the life-cycle says of models, in memory. */
export type PlacedModels = {
  /** Packages that may run there now; of one model there may be several, such as a silent one beside the one in use. */
  runningAt(institution: string): readonly PlacedModel[];
};

/** Whether a study is among a share of its institution's; the same whenever it is asked. */
export type Assignment = (institution: string, studyUid: string, percentage: number) => Promise<boolean>;

/** An archive in which no model may run anywhere. */
export const NOTHING_PLACED: PlacedModels = { runningAt: () => [] };

/** One package on one input, to be done once. */
export type InferenceTask = {
  /** UUIDv7. */
  id: string;
  package: string;
  model: string;
  version: string;
  stage: Stage;
  institution: string;
  studyKey: string;
  studyUid: string;
  /** Series of the input; which of their images are used is the manifest's to say. */
  series: readonly string[];
  /** SHA-256 of all SOP Instance UIDs and contents of these series. */
  revision: string;
  /** RFC 3339; the same at each attempt. */
  createdAt: string;
};

/** An object of the input, a DICOM file (PS3.10) as it is stored; read when its parts are taken. */
export type InputFile = {
  sopInstanceUid: string;
  /** Of all parts together, bytes. */
  length: number;
  parts(): Iterable<LentBytes> | AsyncIterable<LentBytes>;
};

/** What became of a run; DONE has the DICOM objects that say what was found, and the same in numbers. */
export type RunOutcome =
  | { status: 'NOT_APPLICABLE'; rule: string; reason: string }
  | {
      status: 'DONE';
      objects: readonly ResultObject[];
      said: readonly Said[];
      /** Of the model's computation alone, ms. */
      runMs: number;
    };

/** Of the task: what its results are marked with. The same gives the same bytes. */
export type ResultMarks = {
  createdAt: string;
  qualification: Qualification;
  /** Nobody may see what is found, so how the run ends must not depend on it, either. */
  isSilent: boolean;
};

/** A package that was opened and verified for one run. */
export type RunnableModelHere = {
  manifest: Manifest;
  /** @throws {Failure} pixel/..., model/..., and whatever an image's parts throw */
  run(images: readonly InputFile[], marks: ResultMarks, signal: AbortSignal): Promise<RunOutcome>;
};

export type ModelRunner = {
  /** @throws {Failure} request/not-found, model/digest, model/signature */
  open(digest: string): Promise<RunnableModelHere>;
};

export type ResultSink = {
  /**
   * Make the results durable. UIDs follow from the task's package, input and making, so that a task that is kept
   * twice has its results once.
   * @returns their SOP Instance UIDs
   */
  keep(task: InferenceTask, objects: readonly ResultObject[], signal: AbortSignal): Promise<readonly string[]>;
};
