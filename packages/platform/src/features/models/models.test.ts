import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { ed25519Signer, ed25519Verifier, type Signer, type Verifier } from '@acervo/model/envelope.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { InferencePool } from '../../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { demoPackages } from '../../apps/demo/models/build.ts';
import { readImageFile } from './images.ts';
import { checkPackage } from './intake.ts';
import { packModel } from './pack.ts';
import { runGolden, runModel } from './run.ts';

const never = new AbortController().signal;

async function keys(): Promise<{ signer: Signer; verifier: Verifier }> {
  const { privateKey, publicKey } = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  return { signer: await ed25519Signer(privateKey, publicKey), verifier: await ed25519Verifier(publicKey) };
}

function portsOf(t: TestContext) {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const limits = { sandbox: 'required', workers: 1, memoryMiBMax: 1024, waitingMax: 10, idleMs: 60_000 } as const;
  const inference = new InferencePool(limits);
  t.after(() => Promise.all([imaging.close(), inference.close()]));
  return { imaging, inference };
}

/** The demo's first package, signed, in a folder of its own. */
async function packed(t: TestContext, name = 'cr-opacidad') {
  const { imaging } = portsOf(t);
  const root = await mkdtemp(join(tmpdir(), 'acervo-model-'));
  t.after(() => rm(root, { recursive: true }));
  const found = (await demoPackages(imaging)).find((each) => each.name === name);
  assert.ok(found !== undefined);
  const folder = packageFolder(root);
  for (const [path, bytes] of found.files) await folder.write(path, bytes);
  const { signer, verifier } = await keys();
  await packModel(folder, signer);
  return { root, folder, signer, verifier, files: found.files };
}

test('the demo packages are the same bytes each time', async (t) => {
  const { imaging } = portsOf(t);
  assert.deepEqual(await demoPackages(imaging), await demoPackages(imaging));
});

for (const name of ['cr-opacidad', 'tc-densidad']) {
  test(`${name}: nothing stands against it, and its golden cases are reproduced`, async (t) => {
    const { folder, verifier, files } = await packed(t, name);
    const { findings, manifest, model, signedBy } = await checkPackage(folder, [verifier]);
    assert.deepEqual(findings, []);
    assert.deepEqual(signedBy, [verifier.keyId]);
    assert.ok(manifest !== undefined && model !== undefined);
    const of = { manifest, model };
    const ports = portsOf(t);
    const read = async ({ dicom }: { dicom: readonly string[] }) =>
      dicom.map((path) => readImageFile(path, files.get(path) as Uint8Array));
    const outcomes = await runGolden(of, read, ports, never);
    assert.deepEqual(
      outcomes.map(({ isReproduced, what }) => ({ isReproduced, what })),
      [1, 2].map(() => ({ isReproduced: true, what: 'reproduced' })),
    );
    const [, second] = manifest.golden;
    assert.ok(second !== undefined);
    const images = await read(second);
    const result = await runModel(of, images.toReversed(), ports, never);
    assert.ok(result.status === 'DONE' && result.decisions[0]?.isPositive === true, JSON.stringify(result));
    const wrong = { ...second, expect: { p: [0.5] } };
    const [differs] = await runGolden({ ...of, manifest: { ...manifest, golden: [wrong] } }, read, ports, never);
    assert.equal(differs?.isReproduced, false);
  });
}

test('images outside of its scope are answered by the rule that says so', async (t) => {
  const cr = await packed(t);
  const ct = await packed(t, 'tc-densidad');
  const ports = portsOf(t);
  const open = async (of: typeof cr) => {
    const { manifest, model } = await checkPackage(of.folder, []);
    assert.ok(manifest !== undefined && model !== undefined);
    return { manifest, model };
  };
  const images = (of: typeof cr) =>
    [...of.files].filter(([path]) => /golden\/1-/.test(path)).map(([path, bytes]) => readImageFile(path, bytes));
  assert.deepEqual(await runModel(await open(cr), images(ct), ports, never), {
    status: 'NOT_APPLICABLE',
    rule: 'select/all/0',
    reason: '00080060 is not as wanted: {"in":["CR","DX"]}',
  });
  const gap = images(ct).filter((_, index) => index !== 4);
  assert.deepEqual(await runModel(await open(ct), gap, ports, never), {
    status: 'NOT_APPLICABLE',
    rule: 'volume/missing-slice',
    reason: '1 missing after slice 7',
  });
  assert.deepEqual(await runModel(await open(cr), [], ports, never), {
    status: 'NOT_APPLICABLE',
    rule: 'select',
    reason: 'no images',
  });
});

type Hostile = readonly [what: string, path: string, bytes: Uint8Array, finding: string];
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const HOSTILE: readonly Hostile[] = [
  ['a ZIP', 'weights.dat', ascii('PK\x03\x04bomb'), 'model/executable weights.dat'],
  ['a pickle, by its bytes', 'weights.dat', ascii('\x80\x04\x95'), 'model/executable weights.dat'],
  ['a pickle, by its name', 'weights.pkl', ascii('x'), 'model/executable weights.pkl'],
  ['TorchScript', 'model.pt', ascii('x'), 'model/executable model.pt'],
  ['Python', 'transforms.py', ascii('import os'), 'model/executable transforms.py'],
  ['MONAI, an import', 'inference.json', ascii('{"a":[{"_target_":"os.system"}]}'), 'model/executable inference.json'],
  ['MONAI, an expression', 'inference.json', ascii('{"a":{"b":"$import os"}}'), 'model/executable inference.json'],
  [
    'MONAI in YAML',
    'configs/inference.yaml',
    ascii('a:\n  _target_: os.system\n'),
    'model/executable configs/inference.yaml',
  ],
  ['MONAI, its name in capitals', 'inference.JSON', ascii('{"_target_":"x"}'), 'model/executable inference.JSON'],
  ['MONAI behind 4 MiB', 'long.json', ascii(`{"a":"${'x'.repeat(2 ** 22)}","_target_":"x"}`), 'model/limit long.json'],
  ['JSON that is none', 'notes.json', ascii('{"_target_": os}'), 'model/document notes.json'],
  ['a pickle of letters', 'weights.p', ascii("cos\nsystem\n(S'id'\ntR."), 'model/executable weights.p'],
  ['Python by another name', 'transforms.pyw', ascii('import os'), 'model/executable transforms.pyw'],
  ['a file without a kind', 'run', ascii('import os'), 'model/executable run'],
  ['weights that nothing names', 'second.onnx', ascii('x'), 'model/executable second.onnx'],
  ['weights outside of the model', 'model.onnx_data', ascii('x'), 'model/executable model.onnx_data'],
  ['a hidden file', '.hidden', ascii('x'), 'model/path ".hidden"'],
  ['a name with a blank', 'a b', ascii('x'), 'model/path "a b"'],
];

test('what could be executed, unpacked or hidden is refused by its name', async (t) => {
  const { root, folder, signer, verifier } = await packed(t);
  for (const [what, path, bytes, expected] of HOSTILE) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), bytes);
    await packModel(folder, signer);
    const { findings } = await checkPackage(folder, [verifier]);
    assert.ok(
      findings.some(({ code, where }) => `${code} ${where}` === expected),
      `${what}: ${JSON.stringify(findings)}`,
    );
    await rm(join(root, path));
  }
});

test('a symbolic link is refused, and never read', async (t) => {
  const { root, folder, signer } = await packed(t);
  await symlink('/etc/passwd', join(root, 'notes.txt'));
  const { findings, digests } = await checkPackage(folder, []);
  assert.deepEqual(findings, [{ code: 'model/path', where: 'notes.txt', what: 'a symbolic link' }]);
  assert.equal(digests.has('notes.txt'), false);
  await assert.rejects(folder.read('notes.txt', 1000), (thrown) => thrown instanceof Failure);
  await assert.rejects(packModel(folder, signer), (thrown) => thrown instanceof Failure);
});

test('one byte, one file more, one file less, a stranger: named', async (t) => {
  const { root, folder, verifier, files } = await packed(t);
  const codes = async (trusted = [verifier]) =>
    (await checkPackage(folder, trusted)).findings.map(({ code, where }) => `${code} ${where}`);
  const card = files.get('card.json') as Uint8Array;
  await writeFile(join(root, 'card.json'), card.with(2, 0x4e));
  assert.deepEqual(await codes(), ['model/digest card.json', 'model/document card.json']);
  await rm(join(root, 'card.json'));
  assert.deepEqual(await codes(), ['model/digest card.json', 'model/document card.json']);
  await writeFile(join(root, 'card.json'), card);
  await writeFile(join(root, 'more.txt'), 'x');
  assert.deepEqual(await codes(), ['model/digest more.txt']);
  await rm(join(root, 'more.txt'));
  assert.deepEqual(await codes([(await keys()).verifier]), ['model/signature paquete.dsse.json']);
  await rm(join(root, 'paquete.dsse.json'));
  assert.deepEqual(await codes(), ['model/signature paquete.dsse.json']);
});
