import { join } from 'node:path';
import { packageStaging } from '../adapters/fs/package-staging.ts';
import { PACKAGE_LIMITS } from '../features/models/intake.ts';
import type { ModelPorts } from '../features/models/registry/index.ts';
import { blobStores } from './archive.ts';
import type { Config } from './config.ts';
import { judgeProcess } from './model-judge.ts';

/** Where packages come in, who judges them, and where they are kept. */
export function modelPortsOf(config: Config): ModelPorts {
  const limits = { files: PACKAGE_LIMITS.files, bytes: config.modelPackageMib * 2 ** 20 };
  return {
    modelBlobs: blobStores(config).modelBlobs,
    staging: packageStaging(join(config.dataDir, 'incoming-models'), limits),
    judge: judgeProcess(config),
  };
}
