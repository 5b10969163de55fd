import type { ResultObject } from '@acervo/model/results/result.ts';
import type { Said } from '@acervo/model/silent/said.ts';
import type { InferenceTask } from './inference-tasks.ts';

/** What a run that nobody may see gives. */
export type SilentResult = { said: readonly Said[]; objects: readonly ResultObject[] };

/** Where results at stage `silencioso` end. It has no way out but counts over many studies. */
export type SilentSink = {
  /** Whether it takes one more of this package at this institution. */
  hasRoom(task: InferenceTask): Promise<boolean>;
  /**
   * Make one durable. A task that is kept twice has its record once: the first one.
   * @returns SHA-256 of the sealed bytes, which says nothing of what is in them
   * @throws {Failure} store/out-of-space, database/unavailable
   */
  keep(task: InferenceTask, result: SilentResult): Promise<{ sha256: string }>;
};

/** Files of sealed bytes, each whole or not there. */
export type SealedFiles = {
  /** @returns undefined where there is none */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. @returns false where the name is taken @throws {Failure} store/out-of-space */
  create(name: string, bytes: Uint8Array): Promise<boolean>;
  /** Another one in its place: of what is there nothing can be read. @throws {Failure} store/out-of-space */
  replace(name: string, bytes: Uint8Array): Promise<void>;
  folders(): Promise<string[]>;
  removeFolder(name: string): Promise<void>;
};
