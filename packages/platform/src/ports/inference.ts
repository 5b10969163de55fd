import type { Tensor } from '@acervo/model/ops/layout.ts';

/** A model that may be run: its bytes passed the intake, and are the ones that the digest names. */
export type RunnableModel = {
  /** SHA-256 of the bytes, in hexadecimal. */
  digest: string;
  bytes: Uint8Array;
  /** What its manifest asks for. */
  memoryMiB: number;
  deadlineMs: number;
};

export type NamedTensors = { readonly [name: string]: Tensor };

export type Inferred = {
  outputs: NamedTensors;
  /** Of the computation alone, without loading the model, ms. */
  runMs: number;
};

/** Runs models away from the archive: what a model does costs its own run only. */
export type Inference = {
  /**
   * @throws {Failure} model/failed when the model or its process died; model/time; model/memory; model/busy when too
   *   much waits already; model/no-sandbox where the network cannot be shut off
   */
  run(model: RunnableModel, inputs: NamedTensors, signal: AbortSignal): Promise<Inferred>;
  close(): Promise<void>;
};
