import type { Holdings } from '../../holdings/holdings.ts';
import type { TellResults } from '../../ports/assessment.ts';
import type { Assignment, ModelRunner, PlacedModels, ResultSink } from '../../ports/inference-tasks.ts';
import type { Op } from '../../ports/op.ts';

/** What does tasks in this process. */
export type WorkerPorts = {
  runner: ModelRunner;
  sink: ResultSink;
  /** Tasks that it does side by side. */
  count: number;
  /** Of one task's input, in memory; a larger one is refused. */
  inputBytesMax: number;
};

/** What routing asks of the archive and of the world. */
export type InferencePorts = {
  holdings: Pick<Holdings, 'db' | 'files' | 'journal' | 'log'>;
  states: PlacedModels;
  isAssigned: Assignment;
  /** A study that got nothing for so long is complete. */
  quietMs: number;
  /** The archive acting by itself. */
  openOp(signal: AbortSignal): Op;
  /** Undefined: this process does none. */
  worker: WorkerPorts | undefined;
  /** What results say, and what people made of them. */
  resultsTold: TellResults;
};
