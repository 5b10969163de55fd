import { storedResults } from '../features/inference/keep.ts';
import type { InferencePorts } from '../features/inference/ports.ts';
import { assignmentOver } from '../features/inference/site-keys.ts';
import { packagesFor } from '../features/models/registry/open.ts';
import { PackageFiles } from '../features/models/registry/package-files.ts';
import type { OpenModel } from '../features/models/run.ts';
import type { Holdings } from '../holdings/holdings.ts';
import type { Assignment, ModelRunner, PlacedModels, ResultSink } from '../ports/inference-tasks.ts';
import type { Op } from '../ports/op.ts';
import type { SilentSink } from '../ports/silent.ts';
import type { Access } from './access.ts';
import { blobStores } from './archive.ts';
import type { Config } from './config.ts';
import type { Metrics } from './metrics.ts';
import { ModelRuns } from './model-runs.ts';

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

export type Beside = {
  access: Pick<Access, 'ofProcess' | 'systems'>;
  holdings: Holdings;
  metrics: Metrics;
  models: Models;
  silent: SilentSink | undefined;
};

export function openInference(config: Config, { access, holdings, metrics, models, silent }: Beside): OpenInference {
  const ports = {
    states: models.states,
    isAssigned: models.isAssigned,
    systems: access.systems,
    quietMs: config.aiQuietSeconds * 1_000,
    openOp: (signal: AbortSignal) => access.ofProcess('inference').openOp(signal),
    metrics,
  };
  if (config.aiWorkers === 0) return { ports: { ...ports, worker: undefined }, close: () => Promise.resolve() };
  const runs = new ModelRuns(config);
  const worker = {
    runner: modelRunner(models.packages, runs),
    sink: models.sink(holdings),
    silent,
    count: config.aiWorkers,
    inputBytesMax: config.aiInputMib * MIB,
  };
  return { ports: { ...ports, worker }, close: () => runs.close() };
}

/** Verified each time one is opened; what is computed is computed in a process of its own. */
function modelRunner(packages: Models['packages'], runs: ModelRuns): ModelRunner {
  return {
    open: async (digest) => {
      const of = await packages.open(digest);
      return { manifest: of.manifest, run: (images, marks, signal) => runs.run(of, images, marks, signal) };
    },
  };
}
