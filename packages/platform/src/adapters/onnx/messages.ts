import type { FailureCode } from '@acervo/kernel/failure.ts';
import type { NamedTensors } from '../../ports/inference.ts';

/** What the pool asks of a worker process. A process serves one model only: the first run brings it. */
export type WorkerTask = { model: Uint8Array | undefined; inputs: NamedTensors };

export type WorkerReply =
  /** Loaded and alone; the network namespace that it sees. */
  | { kind: 'ready'; network: string }
  | { kind: 'done'; outputs: NamedTensors; runMs: number }
  | { kind: 'failed'; code: FailureCode; detail: string };

/** Values of all outputs together. */
export const OUTPUT_VALUES_MAX = 2 ** 26;
