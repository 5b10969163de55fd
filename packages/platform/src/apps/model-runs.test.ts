import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { readManifest } from '@acervo/model/manifest/manifest.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { importsOf } from '@acervo/testkit/tidy-imports.ts';
import { readImageFile } from '../features/models/images.ts';
import { runWithResults, taskTime } from '../features/models/results.ts';
import type { InputFile } from '../ports/inference-tasks.ts';
import { withRunPorts } from './commands/model-files.ts';
import { loadConfig } from './config.ts';
import { demoPackages } from './demo/models/build.ts';
import { crPhantom, ctPhantom } from './demo/models/phantoms.ts';
import { ModelRuns } from './model-runs.ts';

const never = new AbortController().signal;
const MARKS = { createdAt: '2026-11-29T12:00:00.000Z', qualification: 'RESEARCH', isSilent: false } as const;
const config = loadConfig({ ACERVO_DATA_DIR: temporaryDirectory() });
const isFailure = (code: FailureCode) => (thrown: unknown) => {
  assert.ok(thrown instanceof Failure && thrown.code === code, String(thrown));
  return true;
};

function open(t: TestContext, over: ConstructorParameters<typeof ModelRuns>[1] = {}): ModelRuns {
  const runs = new ModelRuns(config, over);
  t.after(() => runs.close());
  return runs;
}

const inputOf = (sopInstanceUid: string, file: Uint8Array): InputFile => ({
  sopInstanceUid,
  length: file.length,
  parts: () => [{ bytes: file, giveBack: () => {} }],
});
const inputs = (files: readonly Uint8Array[]): InputFile[] =>
  files.map((file) => inputOf(readImageFile('', file).sopInstanceUid, file));
const [CR_FILES, CT_FILES] = [[crPhantom(true)], ctPhantom(true)];
const [CR, CT] = [inputs(CR_FILES), inputs(CT_FILES)];

/** The demo's models, by what they are for. */
async function models() {
  const made = await withRunPorts(config, ({ imaging }) => demoPackages(imaging));
  const [cr, ct] = made.map(({ files }) => {
    const read = readManifest(JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString()));
    assert.ok('manifest' in read);
    return { manifest: read.manifest, model: files.get('model.onnx') ?? new Uint8Array() };
  });
  assert.ok(cr !== undefined && ct !== undefined);
  return { cr, ct };
}

const digests = (objects: readonly { file: Uint8Array }[]): string[] =>
  objects.map(({ file }) => createHash('sha256').update(file).digest('hex'));

test('results of the process beside are those of a run in this one, to the byte, model after model', async (t) => {
  const { cr, ct } = await models();
  const runs = open(t);
  for (const [of, given] of [
    [cr, CR_FILES],
    [ct, CT_FILES],
    [cr, CR_FILES],
  ] as const) {
    const outcome = await runs.run(of, inputs(given), MARKS, never);
    assert.ok(outcome.status === 'DONE' && outcome.runMs >= 0);
    const here = await withRunPorts(config, (ports) => {
      const files = given.map((file) => readImageFile('', file));
      const task = { made: taskTime(new Date(MARKS.createdAt), files), qualification: MARKS.qualification };
      return runWithResults(of, files, task, ports, never);
    });
    assert.ok(outcome.objects.length > 0);
    assert.deepEqual(digests(outcome.objects), digests(here.objects));
  }
  const none = await runs.run(ct, CR, MARKS, never);
  assert.equal(none.status, 'NOT_APPLICABLE');
  const noise = [inputOf('1', new Uint8Array(2_000))];
  await assert.rejects(runs.run(cr, noise, MARKS, never), isFailure('parse/not-part10'));
});

test('a process that is killed fails its runs, and the next one is served; two at a time are', async (t) => {
  const { cr, ct } = await models();
  const runs = open(t);
  const dying = runs.run(cr, CR, MARKS, never);
  const first = runs.pid;
  assert.ok(first !== undefined);
  process.kill(first, 'SIGKILL');
  await assert.rejects(dying, isFailure('model/failed'));
  const both = await Promise.all([runs.run(cr, CR, MARKS, never), runs.run(ct, CT, MARKS, never)]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ['DONE', 'DONE'],
  );
  assert.notEqual(runs.pid, first);
});

test('what nobody wants is let go of; a process that does not hear is ended, and others are served', async (t) => {
  const { cr } = await models();
  const runs = open(t);
  await runs.run(cr, CR, MARKS, never);
  const { pid } = runs;
  const stopping = new AbortController();
  const unwanted = runs.run(cr, CR, MARKS, stopping.signal);
  stopping.abort();
  await assert.rejects(unwanted, { name: 'AbortError' });
  await runs.run(cr, CR, MARKS, never);
  assert.equal(runs.pid, pid);

  const deaf = open(t, { worker: join(import.meta.dirname, 'model-runs.deaf.fixture.ts'), letGoMs: 1 });
  const hanging = [new AbortController(), new AbortController()];
  const [left, other] = hanging.map(({ signal }) => deaf.run(cr, CR, MARKS, signal));
  assert.ok(left !== undefined && other !== undefined);
  const ended = assert.rejects(other, isFailure('model/failed'));
  hanging[0]?.abort();
  await assert.rejects(left, { name: 'AbortError' });
  await ended;
});

test('an image that cannot be read fails its run as it failed; those before it are let go of', async (t) => {
  const { cr } = await models();
  const runs = open(t);
  await runs.run(cr, CR, MARKS, never);
  const { pid } = runs;
  const damaged: InputFile = {
    sopInstanceUid: '1.2',
    length: 100_000,
    parts: () => {
      throw new Failure('retrieve/damaged', 'a segment');
    },
  };
  await assert.rejects(runs.run(cr, [...CR, damaged], MARKS, never), isFailure('retrieve/damaged'));
  assert.equal((await runs.run(cr, CR, MARKS, never)).status, 'DONE');
  assert.equal(runs.pid, pid);
});

test('a process that takes more memory than it may is ended; one that has nothing to do is let go', async (t) => {
  const { cr } = await models();
  await assert.rejects(open(t, { bytesMax: 1 }).run(cr, CR, MARKS, never), isFailure('model/memory'));
  const runs = open(t, { idleMs: 1 });
  await runs.run(cr, CR, MARKS, never);
  await t.waitFor(() => assert.equal(runs.pid, undefined));
  await runs.run(cr, CR, MARKS, never);
  await runs.close();
  await assert.rejects(runs.run(cr, CR, MARKS, never), isFailure('model/busy'));
});

const PACKAGES = join(import.meta.dirname, '../../..');

/** Every module that one brings with it; a type is none. */
function broughtBy(path: string, known = new Set<string>()): Set<string> {
  if (known.has(path)) return known;
  known.add(path);
  const text = readFileSync(path, 'utf8');
  for (const { specifier, index } of importsOf(text)) {
    if (/^(?:import|export)\s+type\b/.test(text.slice(index, index + 20))) continue;
    const [, name, rest] = /^@acervo\/([^/]+)\/(.+)$/.exec(specifier) ?? [];
    const found = name === undefined ? join(dirname(path), specifier) : join(PACKAGES, name, 'src', rest ?? '');
    if ((name !== undefined || specifier.startsWith('.')) && existsSync(found)) broughtBy(found, known);
  }
  return known;
}

test('the thread that serves has nothing with which it could compute: no run, no result, no inference', () => {
  const of = (name: string): string[] =>
    [...broughtBy(join(import.meta.dirname, name))].map((path) => path.slice(PACKAGES.length + 1));
  const computing = [
    'platform/src/features/models/run.ts',
    'platform/src/features/models/results.ts',
    'model/src/results/make.ts',
    'platform/src/adapters/onnx/pool.ts',
  ];
  const served = of('server.ts');
  assert.deepEqual(
    computing.filter((path) => served.includes(path)),
    [],
  );
  const beside = of('model-runs.worker.ts');
  assert.deepEqual(
    computing.filter((path) => !beside.includes(path)),
    [],
  );
});
