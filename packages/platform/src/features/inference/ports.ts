import type { Holdings } from '../../holdings/holdings.ts';
import type { TellResults } from '../../ports/assessment.ts';
import type { Assignment, ModelRunner, PlacedModels, ResultSink } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';
import type { SilentSink } from '../../ports/silent.ts';
import type { Destinations } from './destinations.ts';
import type { Ended } from './task.repo.ts';

/** What does tasks in this process. */
export type WorkerPorts = {
  runner: ModelRunner;
  sink: ResultSink;
  /** For what nobody may see; undefined where its store could not be opened. */
  silent: SilentSink | undefined;
  /** Tasks that it does side by side. */
  count: number;
  /** Of one task's input, in memory; a larger one is refused. */
  inputBytesMax: number;
};

/** What a monitor is told: how many, how long, never of whom nor what was found. */
export type InferenceMetrics = {
  /**
   * @param seconds  from its lease to its end; `run`: of that, the model's own computation, where it came to it;
   *   undefined of silent tasks, which are only counted: how long drawing took tells that something was found
   */
  taskEnded(state: Ended, seconds: { all: number; run: number | undefined } | undefined): void;
  /** Now; and for how long the first of those that wait could have been begun. */
  setTasksOpen(count: { queued: number; leased: number }, oldestWaitingSeconds: number): void;
};

/** What routing asks of the archive and of the world. */
export type InferencePorts = {
  holdings: Pick<Holdings, 'db' | 'files' | 'journal' | 'log'>;
  states: PlacedModels;
  isAssigned: Assignment;
  /** Where results may be sent. */
  systems: Destinations;
  /** A study that got nothing for so long is complete. */
  quietMs: number;
  /** The archive acting by itself. */
  openOp(signal: AbortSignal): Op;
  /** Undefined: this process does none. */
  worker: WorkerPorts | undefined;
  /** What results say, and what people made of them. */
  resultsTold: TellResults;
  metrics: InferenceMetrics;
};
