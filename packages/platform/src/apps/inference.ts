import { INFERENCE_LIMITS, InferencePool } from '../adapters/onnx/pool.ts';
import type { InferencePorts } from '../features/inference/ports.ts';
import { readImageFile } from '../features/models/images.ts';
import { type OpenModel, type RunPorts, runModel } from '../features/models/run.ts';
import type { Holdings } from '../holdings/holdings.ts';
import type { Assignment, ModelRunner, PlacedModels, ResultSink } from '../ports/inference-tasks.ts';
import { NOTHING_PLACED } from '../ports/inference-tasks.ts';
import type { Access } from './access.ts';
import type { Config } from './config.ts';

const MIB = 2 ** 20;

/** Who keeps packages: by digest, verified each time that one is opened. */
export type ModelPackages = {
  /** @throws {Failure} request/not-found, model/digest, model/signature */
  open(digest: string): Promise<OpenModel>;
};

/** What an archive has of models: which may run where, their bytes, and who keeps what they say. */
export type Models = {
  states: PlacedModels;
  isAssigned: Assignment;
  packages: ModelPackages;
  sink(holdings: Holdings): ResultSink;
};

export type OpenInference = { ports: Omit<InferencePorts, 'holdings'>; close(): Promise<void> };

/** @param models  undefined: no model may run, and there is nothing to do */
export function openInference(
  config: Config,
  { access, holdings, models }: { access: Pick<Access, 'ofProcess'>; holdings: Holdings; models: Models | undefined },
): OpenInference {
  const ports = {
    states: models?.states ?? NOTHING_PLACED,
    isAssigned: models?.isAssigned ?? (() => Promise.resolve(false)),
    quietMs: config.aiQuietSeconds * 1_000,
    openOp: (signal: AbortSignal) => access.ofProcess('inference').openOp(signal),
  };
  if (models === undefined || config.aiWorkers === 0) {
    return { ports: { ...ports, worker: undefined }, close: () => Promise.resolve() };
  }
  const { inferenceSandbox: sandbox, inferenceWorkers: workers, inferenceMemoryMib: memoryMiBMax } = config;
  const inference = new InferencePool({ ...INFERENCE_LIMITS, sandbox, workers, memoryMiBMax });
  const worker = {
    runner: modelRunner(models.packages, { imaging: holdings.imaging, inference }),
    sink: models.sink(holdings),
    count: config.aiWorkers,
    inputBytesMax: config.aiInputMib * MIB,
  };
  return { ports: { ...ports, worker }, close: () => inference.close() };
}

/** Models run as `acervo model run` runs them. */
export function modelRunner(packages: ModelPackages, ports: RunPorts): ModelRunner {
  return {
    open: async (digest) => {
      const of = await packages.open(digest);
      return {
        manifest: of.manifest,
        run: (images, signal) =>
          runModel(
            of,
            images.map(({ sopInstanceUid, file }) => readImageFile(sopInstanceUid, file)),
            ports,
            signal,
          ),
      };
    },
  };
}
