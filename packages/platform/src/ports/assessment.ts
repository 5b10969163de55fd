import type { Op } from './op.ts';
import type { Sql } from './sql.ts';

/**
 * What a person did with a result. The first three are the words of IHE AI Result Assessment (AIRA); whoever saw a
 * result and went on without it has ignored it, which is a decision, too.
 */
export const DECISIONS = ['accepted', 'modified', 'rejected', 'ignored'] as const;
export type DecisionWord = (typeof DECISIONS)[number];

/** One decision as it is told. */
export type ToldDecision = {
  id: string;
  at: string;
  /** Name of the person where the directory knows it, else the id. */
  by: string;
  person: string;
  institution: string;
  decision: DecisionWord;
  reason: string | null;
  /** From when the archive first showed it to this person; null where it never did. */
  secondsToDecide: number | null;
};

/** What a result says of one thing, in the words of the package's manifest. */
export type ToldFinding = {
  es: string;
  en: string;
  code: { value: string; scheme: string };
  /** Output of the manifest, and the operating point that it was held against. */
  output: string;
  operatingPoint: string | null;
  value: number | null;
  /** UCUM. */
  unit: string | null;
  /** In the same unit; null where there is none. */
  threshold: number | null;
  /** Null: it was held against nothing, or the model abstains. */
  isPositive: boolean | null;
};

export type ResultObjectTold = {
  sopInstanceUid: string;
  seriesInstanceUid: string;
  sopClassUid: string;
  modality: string;
};

/** Of Content Qualification (0018,9004) the two words that results have. */
export type ContentQualification = 'RESEARCH' | 'PRODUCT';

/** A result with what people made of it. */
export type ToldResult = {
  /** What its objects say of themselves; null where there are none, or it cannot be read. */
  contentQualification: ContentQualification | null;
  /** Of a package that is for demonstrations: to be shown wherever the result is. */
  isDemonstration: boolean;
  objects: readonly ResultObjectTold[];
  findings: readonly ToldFinding[];
  /** Reports whose bytes could not be read: what they say is not among the findings. */
  reportsUnread: number;
  /** The newest first. */
  decisions: readonly ToldDecision[];
};

/** A task; one that came to no result yet has no objects. */
export type ResultNamed = { id: string; package: string; results: readonly string[] };

/**
 * What there is to tell of results of a study, by the ids of their tasks, for a caller who may read it. That a person
 * was shown them is written down.
 */
export type TellResults = (
  op: Op,
  study: { institution: string; studyUid: string },
  results: readonly ResultNamed[],
) => Promise<ReadonlyMap<string, ToldResult>>;

/** Why a result counts no more. */
export type Withdrawn = { at: string; reasonEs: string; reasonEn: string };
/** Which results were withdrawn, by the ids of their tasks. */
export type TellWithdrawn = (sql: Sql, tasks: readonly string[]) => Promise<ReadonlyMap<string, Withdrawn>>;
