import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { packageFolder } from '@acervo/platform/adapters/fs/package-folder.ts';
import { loadConfig } from '@acervo/platform/apps/config.ts';
import type { Models } from '@acervo/platform/apps/inference.ts';
import { makeLog } from '@acervo/platform/apps/log.ts';
import { startServer } from '@acervo/platform/apps/server.ts';
import { storedResults } from '@acervo/platform/features/inference/keep.ts';
import { checkPackage } from '@acervo/platform/features/models/intake.ts';
import type { Holdings } from '@acervo/platform/holdings/holdings.ts';
import type { ResultSink } from '@acervo/platform/ports/inference-tasks.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';

/** What its environment says: the folder of a signed package, and whether it is silent. */
export type Told = { TEST_PACKAGE_DIR: string; TEST_STAGE: 'limitado' | 'silencioso' };

/** `acervo serve` where one package, of a folder, may run at every institution: no registry, no life-cycle. */
const folder = process.env['TEST_PACKAGE_DIR'];
assert.ok(folder !== undefined);
/** Between a result's store and its answer: there a kill is to fall. */
const SINK_MS = 150;

const { manifest, model, findings } = await checkPackage(packageFolder(folder), []);
assert.ok(manifest !== undefined && model !== undefined, JSON.stringify(findings));
const { id, version } = manifest;
const digest = createHash('sha256').update(model).digest('hex');
const placed = {
  package: digest,
  model: id,
  version,
  stage: process.env['TEST_STAGE'] === 'silencioso' ? 'silencioso' : 'limitado',
  percentage: 100,
  contentQualification: 'RESEARCH',
} as const;

/** As the archive keeps them, and then it waits. */
const sink = (holdings: Holdings): ResultSink => {
  const stored = storedResults(holdings, (institution, signal) => testOp({ institution, signal }));
  return {
    keep: async (task, objects, signal) => {
      const uids = await stored.keep(task, objects, signal);
      await pause(SINK_MS);
      return uids;
    },
  };
};

const models: Models = {
  states: { runningAt: () => [placed] },
  isAssigned: () => Promise.resolve(true),
  packages: {
    open: async (asked) => {
      assert.equal(asked, digest);
      return { manifest, model };
    },
  },
  sink,
};

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => ending.abort());
const config = loadConfig();
const server = await startServer(config, makeLog(config.logLevel), undefined, models);
const dimse = `${config.aeTitle}@127.0.0.1:${server.dimsePort}`;
process.stdout.write(`${JSON.stringify({ ready: true, http: `http://127.0.0.1:${server.httpPort}`, dimse })}\n`);
await once(ending.signal, 'abort');
await server.close();
