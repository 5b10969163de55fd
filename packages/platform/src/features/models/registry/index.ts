import type { Feature, Job } from '../../../bindings/feature.ts';
import { inRounds } from '../../../bindings/rounds.ts';
import type { BlobStore } from '../../../ports/blob-store.ts';
import type { Log } from '../../../ports/log.ts';
import type { Judge, PackageStaging } from '../../../ports/models.ts';
import type { Db } from '../../../ports/sql.ts';
import { IntakePlaces } from './intake-places.ts';
import { PackageFiles } from './package-files.ts';
import { registryRoutes } from './registry.route.ts';
import type { SubmitPorts } from './submit.ts';
import { sweepFiles } from './sweep.ts';

export type ModelPorts = { modelBlobs: BlobStore; staging: PackageStaging; judge: Judge };

const SWEEP_MS = 3_600_000;

/** The registry of AI models: what may be run at all, and who says so. */
export function modelRegistryFeature({ db, log }: { db: Db; log: Log }, around: ModelPorts): Feature {
  const places = new IntakePlaces();
  const judge: Judge = { judge: (task, signal) => places.inTurn(() => around.judge.judge(task, signal)) };
  const files = new PackageFiles(around.modelBlobs);
  const ports: SubmitPorts = { db, files, staging: around.staging, judge };
  return {
    name: 'model-registry',
    routes: registryRoutes({ ...ports, take: (work) => places.take(work) }),
    services: [],
    jobs: [sweepJob(ports, log)],
  };
}

/** What a crash left, at the start and each hour. */
function sweepJob(ports: SubmitPorts, log: Log): Job {
  const round = async (): Promise<number> => {
    await ports.staging.sweep();
    const orphans = await sweepFiles(ports);
    if (orphans > 0) log.info('models.swept', { orphans });
    return SWEEP_MS;
  };
  return inRounds({ name: 'sweep-models', round, log, trouble: 'models.unswept', troubleMs: SWEEP_MS });
}
