import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import { T } from '@acervo/dicom/tags.ts';
import { packageFolder } from '@acervo/platform/adapters/fs/package-folder.ts';
import { loadConfig } from '@acervo/platform/apps/config.ts';
import type { Models } from '@acervo/platform/apps/inference.ts';
import { makeLog } from '@acervo/platform/apps/log.ts';
import { startServer } from '@acervo/platform/apps/server.ts';
import { checkPackage } from '@acervo/platform/features/models/intake.ts';
import type { Holdings } from '@acervo/platform/holdings/holdings.ts';
import type { InferenceTask, ResultSink } from '@acervo/platform/ports/inference-tasks.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';

/** What its environment says: the folder of a signed package. */
export type Told = { TEST_PACKAGE_DIR: string };

/** `acervo serve` where one package, of a folder, may run at every institution: no registry, no life-cycle. */
const folder = process.env['TEST_PACKAGE_DIR'];
assert.ok(folder !== undefined);
/** Between a result's store and its answer: there a kill is to fall. */
const SINK_MS = 150;

const { manifest, model, findings } = await checkPackage(packageFolder(folder), []);
assert.ok(manifest !== undefined && model !== undefined, JSON.stringify(findings));
const { id, version } = manifest;
const digest = createHash('sha256').update(model).digest('hex');
const placed = { package: digest, model: id, version, stage: 'limitado', percentage: 100 } as const;

/** The least that a result may be: one object whose UID follows from the task's package and input. */
const sink = ({ store }: Holdings): ResultSink => ({
  keep: async (task, { outcome }) => {
    const sopInstanceUid = uidOf(task);
    const { sopClassUid, transferSyntaxUid, dataSet } = smallObject({
      name: 'result',
      study: 1,
      number: 1,
      fill: Math.round((outcome.outputs['p']?.[0] ?? 0) * 100),
      also: [
        textElement(T.SOPInstanceUID, 'UI', sopInstanceUid),
        textElement(T.StudyInstanceUID, 'UI', task.studyUid),
        textElement(T.SeriesInstanceUID, 'UI', `${sopInstanceUid}.1`.slice(0, 64)),
        textElement(T.Modality, 'CS', 'SR'),
      ],
    });
    const body = (async function* () {
      yield dataSet;
    })();
    const op = testOp({ institution: task.institution });
    const object = { form: 'dataset', sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAet: 'AI', body } as const;
    const { kind } = await store.store(op, object);
    await pause(SINK_MS);
    op.log.info('result.kept', { kind });
    return [sopInstanceUid];
  },
});

function uidOf({ package: of, studyUid, revision }: InferenceTask): string {
  const hex = createHash('sha256').update(`${of} ${studyUid} ${revision}`).digest('hex').slice(0, 30);
  return `2.25.${BigInt(`0x${hex}`)}`;
}

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
