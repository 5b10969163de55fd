import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { bytes as bytesField, integer, message, type Part, text } from '@acervo/model/onnx/write.ts';
import { modelOf, node, opset, value } from '@acervo/model/onnx/write-model.ts';
import { zipOf } from '@acervo/platform/adapters/fs/zip.fixture.ts';
import { endlessLoop } from '@acervo/platform/adapters/onnx/hostile.fixture.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { runAcervo } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';
import { AUTHORIZED, INSTITUTION, startKnown, TOKEN } from '../harness/known-archive.ts';
import { peakRssMib } from '../harness/memory.ts';
import {
  type Answered,
  type Author,
  authorOf,
  type Files,
  signedFiles,
  soundFiles,
  submitForm,
  submitZip,
} from '../harness/model-packages.ts';
import { stow } from '../harness/stow.ts';

/** What the archive itself may take above what it had before: less than any of the bombs becomes. */
const MORE_MIB_MAX = 400;
/** Of a search or a store beside a package that is judged; the machine of a test may be slow. */
const ANSWER_MS_MAX = 30_000;
const INT64 = 7;
const FLOAT = 1;
const LINK = 0o120777;

const input = value(11, 'x', [1, 1, 64, 64]);
const output = value(12, 'p', [1, 1]);

const tensor = (name: string, type: number, dims: readonly number[], raw: Uint8Array): Part =>
  bytesField(5, message(...dims.map((dim) => integer(1, dim)), integer(2, type), text(8, name), bytesField(9, raw)));

function int64s(...values: readonly number[]): Uint8Array {
  const raw = new DataView(new ArrayBuffer(values.length * 8));
  for (const [index, each] of values.entries()) raw.setBigInt64(index * 8, BigInt(each), true);
  return new Uint8Array(raw.buffer);
}

/** Ten gigabytes of zeros that no structure tells of. */
const tenGigabytes = (): Uint8Array =>
  modelOf(
    [
      node({ type: 'ConstantOfShape', inputs: ['shape'], outputs: ['zeros'] }),
      node({ type: 'ReduceMax', inputs: ['zeros'], outputs: ['most'] }),
      node({ type: 'ReduceMax', inputs: ['x'], outputs: ['top'] }),
      node({ type: 'Add', inputs: ['most', 'top'], outputs: ['sum'] }),
      node({ type: 'Reshape', inputs: ['sum', 'one'], outputs: ['p'] }),
      tensor('shape', INT64, [1], int64s(2_500_000_000)),
      tensor('one', INT64, [2], int64s(1, 1)),
      input,
      output,
    ],
    [opset(17)],
  );

/** No loop, and no end either: one product of large matrices after the other. */
function longWork(): Uint8Array {
  const products = Array.from({ length: 400 }, (_, at) =>
    node({ type: 'MatMul', inputs: [`m${at}`, 'm0'], outputs: [`m${at + 1}`] }),
  );
  return modelOf(
    [
      node({ type: 'ConstantOfShape', inputs: ['shape'], outputs: ['zeros'] }),
      node({ type: 'ReduceMax', inputs: ['x'], outputs: ['top'] }),
      node({ type: 'Add', inputs: ['zeros', 'top'], outputs: ['m0'] }),
      ...products,
      node({ type: 'ReduceMax', inputs: ['m400'], outputs: ['most'] }),
      node({ type: 'Reshape', inputs: ['most', 'one'], outputs: ['p'] }),
      tensor('shape', INT64, [2], int64s(3000, 3000)),
      tensor('one', INT64, [2], int64s(1, 1)),
      input,
      output,
    ],
    [opset(17)],
  );
}

/** Weights that lie elsewhere: another machine, or this one's files. */
function externalData(location: string): Uint8Array {
  const [DATA_LOCATION, EXTERNAL] = [14, 1];
  const entry = bytesField(13, message(text(1, 'location'), text(2, location)));
  const weights = bytesField(
    5,
    message(integer(1, 1), integer(2, FLOAT), text(8, 'w'), entry, integer(DATA_LOCATION, EXTERNAL)),
  );
  return modelOf([node({ type: 'Add', inputs: ['x', 'w'], outputs: ['p'] }), weights, input, output], [opset(17)]);
}

const customOperator = (): Uint8Array =>
  modelOf(
    [node({ type: 'Connect', domain: 'com.evil', inputs: ['x'], outputs: ['p'] }), input, output],
    [opset(17), opset(1, 'com.evil')],
  );

const withFile = (path: string, content: string | Uint8Array) => (files: Files) =>
  files.set(path, typeof content === 'string' ? latin1Bytes(content) : content);
const withModel = (model: Uint8Array) => withFile('model.onnx', model);

type Hostile = {
  name: string;
  before?: (files: Files) => unknown;
  after?: (files: Files) => unknown;
  /** Patterns of `code where`: each has its finding, for everything is named at once. */
  expected: readonly string[];
};

/** `before` it is signed by somebody who is trusted, or `after`. */
const HOSTILE: readonly Hostile[] = [
  {
    name: 'weights that another machine has',
    before: withModel(externalData('http://127.0.0.1:1/w')),
    expected: ['model/external-data model.onnx'],
  },
  {
    name: 'weights that this machine’s files are',
    before: withModel(externalData('../../etc/passwd')),
    expected: ['model/external-data model.onnx'],
  },
  { name: 'an operator of its own', before: withModel(customOperator()), expected: ['model/operator model.onnx'] },
  { name: 'a loop without end', before: withModel(endlessLoop()), expected: ['model/operator model.onnx'] },
  { name: 'a tensor of 10 GB', before: withModel(tenGigabytes()), expected: ['model/(memory|failed) model.onnx'] },
  { name: 'work without end', before: withModel(longWork()), expected: ['model/time model.onnx'] },
  {
    name: 'what some program would execute or unpack',
    before: (files) => {
      withFile('weights.dat', '\x80\x04\x95cos\nsystem\n')(files);
      withFile('model.pt', 'PK\x03\x04')(files);
      withFile('transforms.py', 'import os')(files);
      withFile('inference.json', '{"a":{"_target_":"os.system"}}')(files);
      withFile('data.txt', zipOf([{ name: 'a', bytes: Buffer.alloc(2 ** 20) }]))(files);
    },
    expected: ['weights.dat', 'model.pt', 'transforms.py', 'inference.json', 'data.txt'].map(
      (path) => `model/executable ${path}`,
    ),
  },
  {
    name: 'other bytes than those that were signed',
    after: (files) => {
      flip(files, 'card.json');
      flip(files, 'model.onnx');
      withFile('more.txt', 'x')(files);
      files.delete('datos.json');
    },
    expected: ['card.json', 'model.onnx', 'more.txt', 'datos.json'].map((path) => `model/digest ${path}`),
  },
  {
    name: 'names that lead elsewhere',
    after: (files) => {
      for (const path of ['../../escaped', '/tmp/acervo-escaped', '.bashrc', 'card.json/x', 'a b'])
        withFile(path, 'x')(files);
    },
    expected: ['../../escaped', '/tmp/acervo-escaped', '.bashrc', 'card.json/x', 'a b'].map(
      (path) => `model/path "${path}"`,
    ),
  },
  { name: 'a signature that is forged', after: forge, expected: ['model/signature paquete.dsse.json'] },
  {
    name: 'no envelope',
    after: (files) => files.delete('paquete.dsse.json'),
    expected: ['model/signature paquete.dsse.json'],
  },
];

function flip(files: Files, path: string): void {
  const bytes = files.get(path) ?? new Uint8Array(1);
  files.set(path, bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] ?? 0) ^ 1));
}

function forge(files: Files): void {
  const envelope = JSON.parse(Buffer.from(files.get('paquete.dsse.json') ?? []).toString());
  envelope.signatures[0].sig = `${'A'.repeat(86)}==`;
  files.set('paquete.dsse.json', Buffer.from(JSON.stringify(envelope)));
}

type Known = Awaited<ReturnType<typeof started>>;

async function started(t: TestContext) {
  const known = await startKnown(t, 'hostile-models', { ACERVO_MODEL_PACKAGE_MIB: '64' });
  const author = await authorOf();
  const key = join(known.folder, 'author.pem');
  writeFileSync(key, author.pem);
  const words = ['model', 'signer', 'add', key, '--holder', 'Física Médica', '--owner', INSTITUTION];
  const { code, err } = await runAcervo(known.dataDir, words);
  assert.equal(code, 0, err);
  return { ...known, http: known.archive.http, author, sound: await soundFiles() };
}

let made = 0;
async function packed({ folder, sound }: Known, author: Author, change: (files: Files) => unknown = () => {}) {
  const files: Files = new Map(sound);
  // Whoever is to be stopped by the clock says how long it may take.
  const manifest = JSON.parse(Buffer.from(files.get('manifest.json') ?? []).toString());
  manifest.resources = { ...manifest.resources, deadlineMs: 15_000, memoryMiB: 512 };
  files.set('manifest.json', Buffer.from(JSON.stringify(manifest)));
  change(files);
  made += 1;
  return signedFiles(join(folder, `package-${made}`), files, author);
}

/** Stores and searches, one after the other, until it is told to stop. @returns how long the slowest took, ms */
async function served({ http }: Known, signal: AbortSignal): Promise<{ asked: number; slowestMs: number }> {
  let [asked, slowestMs] = [0, 0];
  while (!signal.aborted) {
    const from = performance.now();
    const object = smallObject({ name: 'beside', study: 1, number: (asked % 50) + 1 });
    const sent = await stow({ http, token: TOKEN }, [concat([writeFileHead(object), object.dataSet])]);
    assert.equal(sent.stored.length, 1);
    const found = await fetch(`${http}/dicom-web/studies?limit=1`, { headers: AUTHORIZED });
    assert.equal(found.status, 200);
    await found.text();
    asked += 1;
    slowestMs = Math.max(slowestMs, performance.now() - from);
    await pause(50);
  }
  return { asked, slowestMs };
}

test('hostile packages are refused or contained, and the archive serves on', { timeout: 900_000 }, async (t) => {
  const known = await started(t);
  const { http, archive, dataDir, author } = known;
  const good = await submitForm(http, await packed(known, author), AUTHORIZED);
  assert.equal(good.status, 201, good.body);
  await byCommand(known);
  const kept = modelFiles(dataDir);
  assert.ok(kept.length > 5);
  const beforeMib = peakRssMib(archive.pid);
  const ending = new AbortController();
  const beside = served(known, ending.signal);
  try {
    for (const { name, before, after, expected } of HOSTILE) {
      await t.test(name, async () => {
        const files = await packed(known, author, before);
        after?.(files);
        refused(await submitForm(http, files, AUTHORIZED), ...expected);
        assert.deepEqual(modelFiles(dataDir), kept, 'nothing of it is kept');
      });
    }
    await t.test('somebody whom nobody trusts', async () => {
      refused(await submitForm(http, await packed(known, await authorOf()), AUTHORIZED), 'model/signature');
    });
    await t.test('ZIP archives', () => archives(known));
  } finally {
    ending.abort();
  }
  const { asked, slowestMs } = await beside;
  t.diagnostic(`${asked} stores and searches beside it, the slowest ${Math.round(slowestMs)} ms`);
  assert.ok(asked > 10 && slowestMs < ANSWER_MS_MAX);
  const moreMib = peakRssMib(archive.pid) - beforeMib;
  t.diagnostic(`${moreMib} MiB more at the peak`);
  assert.ok(moreMib < MORE_MIB_MAX, `${moreMib} MiB more`);
  await untouched(known, kept);
});

/** The first package once more: beside the server that runs, and over its API. */
async function byCommand({ http, dataDir, folder }: Known): Promise<void> {
  const file = join(folder, 'bearer');
  writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
  const words = ['model', 'submit', join(folder, 'package-1'), '--owner', INSTITUTION];
  for (const more of [[], ['--to', http, '--authorization', file]]) {
    const { code, out, err } = await runAcervo(dataDir, [...words, ...more]);
    assert.equal(code, 0, out + err);
    assert.match(out, /^known mx\.acervo\.demo\.cr-opacidad@1\.0\.0 [0-9a-f]{64}$/m);
  }
}

function refused({ status, findings, body }: Answered, ...expected: readonly string[]): void {
  assert.ok(status === 422 || status === 413, `${status} ${body}`);
  for (const each of expected)
    assert.ok(
      findings.some((found) => new RegExp(`^${each}`).test(found)),
      `${each}: ${body}`,
    );
}

async function archives(known: Known): Promise<void> {
  const { http, author } = known;
  const files = await packed(known, author);
  const entries = [...files].map(([name, bytes]) => ({ name, bytes }));
  const zip = (...more: Parameters<typeof zipOf>[0]): Promise<Answered> =>
    submitZip(http, zipOf([...entries, ...more]), AUTHORIZED);
  const zeros = Buffer.alloc(200 * 2 ** 20);
  const same = await zip();
  assert.equal(same.status, 200, same.body);
  refused(await zip({ name: 'zeros.txt', bytes: zeros }), 'model/limit');
  const lies = await zip({ name: 'lies.txt', bytes: zeros, claims: { uncompressedSize: 100 } });
  assert.equal(lies.status, 400, lies.body);
  refused(await zip({ name: '../../escaped', bytes: Buffer.from('x') }), 'model/path');
  refused(await zip({ name: 'link', bytes: Buffer.from('/etc/passwd'), claims: { unixMode: LINK } }), 'model/path');
  const many = Array.from({ length: 5000 }, (_, at) => ({ name: `f${at}`, bytes: new Uint8Array() }));
  refused(await zip(...many), 'model/limit');
  assert.equal((await submitZip(http, Buffer.from('no archive'), AUTHORIZED)).status, 400);
  assert.equal((await submitZip(http, Buffer.alloc(65 * 2 ** 20), AUTHORIZED)).status, 413);
}

const modelFiles = (dataDir: string): string[] => {
  const folder = join(dataDir, 'models');
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map(String).sort() : [];
};

/** What was good before is so still, and each refusal stands in the journal without a word of the package. */
async function untouched({ archive, dataDir, folder }: Known, kept: readonly string[]): Promise<void> {
  assert.deepEqual(modelFiles(dataDir), kept);
  assert.deepEqual(readdirSync(join(dataDir, 'incoming-models')), []);
  assert.equal(existsSync('/tmp/acervo-escaped') || existsSync(join(folder, 'escaped')), false);
  const verified = await runAcervo(dataDir, ['model', 'verify', '--json']);
  assert.equal(verified.code, 0, verified.out + verified.err);
  assert.doesNotMatch(archive.logText(), /"internal"/);
  assert.equal(await archive.stop(), 0);
  assert.deepEqual(strayFiles(dataDir), []);
}
