import { INFERENCE_LIMITS, InferencePool } from '../adapters/onnx/pool.ts';
import { storedResults } from '../features/inference/keep.ts';
import type { InferencePorts } from '../features/inference/ports.ts';
import { assignmentOver } from '../features/inference/site-keys.ts';
import { readImageFile } from '../features/models/images.ts';
import { packagesFor } from '../features/models/registry/open.ts';
import { PackageFiles } from '../features/models/registry/package-files.ts';
import { runWithResults, taskTime } from '../features/models/results.ts';
import type { OpenModel, RunPorts } from '../features/models/run.ts';
import type { Holdings } from '../holdings/holdings.ts';
import type { Assignment, ModelRunner, PlacedModels, ResultSink, RunnableModelHere } from '../ports/inference-tasks.ts';
import type { Op } from '../ports/op.ts';
import type { Access } from './access.ts';
import { blobStores } from './archive.ts';
import type { Config } from './config.ts';

const MIB = 2 ** 20;

/** What an archive has of models: which may run where, their bytes, and who keeps what they say. */
export type Models = {
  states: PlacedModels;
  isAssigned: Assignment;
  /** By digest, verified each time that one is opened. @throws {Failure} as `ModelPackages` of the registry */
  packages: { open(digest: string): Promise<OpenModel> };
  sink(holdings: Holdings): ResultSink;
};

export type OpenInference = { ports: Omit<InferencePorts, 'holdings' | 'resultsTold'>; close(): Promise<void> };

type Own = { access: Pick<Access, 'ofProcess'>; holdings: Pick<Holdings, 'db'>; states: PlacedModels };

/** Models as this archive governs them: its life-cycle, its registry, and results stored among its objects. */
export function ownModels(config: Config, { access, holdings: { db }, states }: Own): Models {
  const files = new PackageFiles(blobStores(config).modelBlobs);
  const openOp = (institution: string | undefined, signal: AbortSignal): Op =>
    access.ofProcess('inference', institution).openOp(signal);
  return {
    states,
    isAssigned: assignmentOver(db),
    packages: {
      open: (digest) => packagesFor({ db, files }, openOp(undefined, new AbortController().signal)).open(digest),
    },
    sink: (holdings) => storedResults(holdings, openOp),
  };
}

export function openInference(
  config: Config,
  { access, holdings, models }: { access: Pick<Access, 'ofProcess'>; holdings: Holdings; models: Models },
): OpenInference {
  const ports = {
    states: models.states,
    isAssigned: models.isAssigned,
    quietMs: config.aiQuietSeconds * 1_000,
    openOp: (signal: AbortSignal) => access.ofProcess('inference').openOp(signal),
  };
  if (config.aiWorkers === 0) return { ports: { ...ports, worker: undefined }, close: () => Promise.resolve() };
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
function modelRunner(packages: Models['packages'], ports: RunPorts): ModelRunner {
  return {
    open: async (digest) => {
      const of = await packages.open(digest);
      const run: RunnableModelHere['run'] = async (images, { createdAt, qualification }, signal) => {
        const files = images.map(({ sopInstanceUid, file }) => readImageFile(sopInstanceUid, file));
        const task = { made: taskTime(new Date(createdAt), files), qualification };
        const { result, objects } = await runWithResults(of, files, task, ports, signal);
        return result.status === 'DONE' ? { status: 'DONE', objects } : result;
      };
      return { manifest: of.manifest, run };
    },
  };
}
