import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { readSegmentation } from '@acervo/dicom/seg/read.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import { filmAsCr } from '@acervo/testkit/fixtures/film.ts';
import {
  packageKey,
  type RealModel,
  writeDemoPackages,
  writeRealPackage,
} from '@acervo/testkit/fixtures/model-packages.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared, sharedPath } from '@acervo/testkit/shared.ts';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { needsPydicom } from '../harness/pydicom.ts';
import { type PeerReading, readByPydicom, validatedReport } from '../harness/read-results.ts';
import { dataSetOfFile, sha256, storedFile } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';
import { stow } from '../harness/stow.ts';

const SR = '1.2.840.10008.5.1.4.1.1.88.34';
const SEG = '1.2.840.10008.5.1.4.1.1.66.4';
const VOLUME = '118565006';
const [PRESENT, ABSENT] = ['52101004', '272519000'];
/** numpy's outputs, made by test/vectors/make_real_vectors.py. */
const VECTORS = readFileSync(
  join(import.meta.dirname, '../../packages/platform/src/features/models/vectors/real.jsonl'),
  'utf8',
);
const FILMS = ['00000001_000', '00000278_003', '00000109_004'].map((name) => `labelled/nih1000/${name}.png`);
const MRS = [
  'corpus/by-modality/MR/monai-deploy__Study1_MR000000.dcm',
  'corpus/by-modality/MR/pydicom__test_files_MR_small_bigendian.dcm',
];
const UNUSUAL = { code: 'ANORMAL', scheme: '99ACERVO', meaning: 'Radiografía anormal' };
const CLASSES = [0, 1].map((index) => ({
  code: `CLASE-${index}`,
  scheme: '99ACERVO',
  meaning: `Clase ${index} del modelo`,
}));

type Vector = { file: string; tensorSha256: string; outputs: number[] };
function vectorOf(file: string): Vector {
  const found = VECTORS.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Vector)
    .find((each) => each.file === file);
  assert.ok(found !== undefined, file);
  return found;
}

const FILM_OUTPUTS: Manifest['outputs'] = [
  {
    name: 'p_abnormal',
    kind: 'score',
    operatingPoints: [{ id: 'equilibrio', threshold: 0.5 }],
    encode: [{ to: 'dicom-sr', finding: UNUSUAL }],
  },
];
const MR_OUTPUTS: Manifest['outputs'] = [
  { name: 'Identity:0', kind: 'scores', encode: [{ to: 'dicom-sr', findings: CLASSES }] },
];

const filmModel = (image: Uint8Array, vector: Vector): RealModel => ({
  id: 'mx.prueba.radiografia',
  file: 'logreg.onnx',
  opset: 13,
  modality: 'CR',
  input: { name: 'image', pipeline: [{ op: 'decode' }, { op: 'scale', to: [0, 1] }, { op: 'layout', to: 'NCHW' }] },
  shape: [64, 64],
  channels: 1,
  outputs: FILM_OUTPUTS,
  golden: { image, ...vector },
});

const mrModel = (image: Uint8Array, vector: Vector): RealModel => ({
  id: 'mx.prueba.resonancia',
  file: 'tumour.onnx',
  opset: 15,
  modality: 'MR',
  input: {
    name: 'input_layer',
    pipeline: [
      { op: 'decode' },
      { op: 'voi', mode: 'minmax' },
      { op: 'resize', size: [224, 224], interp: 'bilinear', coord: 'half_pixel' },
      { op: 'photometric', to: 'RGB' },
      { op: 'layout', to: 'NHWC' },
    ],
  },
  shape: [224, 224],
  channels: 3,
  outputs: MR_OUTPUTS,
  golden: { image, ...vector },
});

type Result = { path: string; read: PeerReading; images: string; package: string };

/** Every package packed, and run by the command line on one folder of images each. */
class Bench {
  readonly folder: string;
  readonly #key: string;

  constructor(t: TestContext) {
    this.folder = scratch(t, 'results');
    this.#key = packageKey(this.folder);
  }

  async acervo(...args: string[]): Promise<{ code: number | null; out: string }> {
    const { code, out, err } = await runAcervo(join(this.folder, 'none'), args);
    return { code, out: `${out}${err}` };
  }

  async pack(name: string): Promise<string> {
    const path = join(this.folder, name);
    const packed = await this.acervo('model', 'pack', path, '--key', this.#key);
    assert.equal(packed.code, 0, packed.out);
    return path;
  }

  images(name: string, files: readonly Uint8Array[]): string {
    const path = join(this.folder, name);
    mkdirSync(path);
    for (const [index, file] of files.entries()) writeFileSync(join(path, `${index + 1}.dcm`), file);
    return path;
  }

  async run(model: string, images: string): Promise<Result[]> {
    const to = `${images}-results`;
    const files = readdirSync(images).map((name) => join(images, name));
    const ran = await this.acervo('model', 'run', model, ...files, '--results', to);
    assert.equal(ran.code, 0, ran.out);
    const paths = readdirSync(to).map((name) => join(to, name));
    return Promise.all(paths.map(async (path) => ({ path, read: await readByPydicom(path), images, package: model })));
  }
}

const slices = (folder: string, golden: number): Uint8Array[] =>
  readdirSync(join(folder, 'golden'))
    .filter((name) => name.startsWith(`${golden}-`))
    .map((name) => readFileSync(join(folder, 'golden', name)));

/** Of scores; or the one that says a volume. */
const reportIn = (results: readonly Result[], code = '111012'): Result => {
  const found = results.find(({ read }) => read.numbers.some(([concept]) => concept === code));
  assert.ok(found !== undefined);
  return found;
};

const certainties = ({ numbers }: PeerReading): number[] =>
  numbers.filter(([code, , unit]) => code === '111012' && unit === '%').map(([, value]) => value);

const isNear = (found: number | undefined, expected: number): boolean =>
  Math.abs((found ?? Number.NaN) - expected) < 1e-3;

async function filmResults(bench: Bench, films: readonly string[]): Promise<Result[]> {
  const [first] = FILMS as [string];
  writeRealPackage(
    join(bench.folder, 'film'),
    filmModel(await filmAsCr(sharedPath(first)), vectorOf(first)),
    sharedPath('models/baseline_nih1000_logreg.onnx'),
  );
  const model = await bench.pack('film');
  const all: Result[] = [];
  for (const [index, film] of films.entries()) {
    const [score = Number.NaN] = vectorOf(film).outputs;
    const results = await bench.run(model, bench.images(`film-${index}`, [await filmAsCr(sharedPath(film))]));
    const { read } = reportIn(results);
    assert.ok(isNear(certainties(read)[0], 100 * score), `${film}: ${read.numbers}, ${score}`);
    const [, says] = read.codes.find(([code]) => code === UNUSUAL.code) ?? [];
    assert.equal(says, score >= 0.5 ? PRESENT : ABSENT, film);
    assert.equal(read.patientName, 'NUÑEZ PEÑA^MARÍA');
    all.push(...results);
  }
  return all;
}

async function mrResults(bench: Bench): Promise<Result[]> {
  const [first] = MRS as [string];
  writeRealPackage(
    join(bench.folder, 'mr'),
    mrModel(readFileSync(sharedPath(first)), vectorOf(first)),
    sharedPath('models/brain-tumor-detection_anas436.onnx'),
  );
  const model = await bench.pack('mr');
  const all: Result[] = [];
  for (const [index, file] of MRS.entries()) {
    const results = await bench.run(model, bench.images(`mr-${index}`, [readFileSync(sharedPath(file))]));
    const found = certainties(reportIn(results).read);
    for (const [at, score] of vectorOf(file).outputs.entries())
      assert.ok(isNear(found[at], 100 * score), `${file}: ${found}`);
    all.push(...results);
  }
  return all;
}

async function ctResults(bench: Bench): Promise<Result[]> {
  const model = await bench.pack('tc-densidad');
  const results = await bench.run(model, bench.images('ct', slices(model, 2)));
  const seg = results.find(({ read }) => read.sopClassUid === SEG);
  assert.ok(seg !== undefined && seg.read.frames.length > 0);
  const { read } = reportIn(results, VOLUME);
  assert.ok(read.images.includes(seg.read.sopInstanceUid));
  assert.deepEqual(read.segments, [1]);
  const voxels = seg.read.frames.reduce((sum, frame) => sum + frame.set, 0);
  assert.deepEqual(
    read.numbers.find(([code]) => code === '118565006'),
    ['118565006', voxels * 6 * 6 * 5, 'mm3'],
  );
  // Bits as numpy unpacks them are the pixels that we read.
  const { dataSet } = readDataSet(dataSetOfFile(readFileSync(seg.path)), {
    syntax: { explicitVr: true, littleEndian: true },
  });
  const ours = readSegmentation(dataSet).frames.map(({ segment, source, pixels }) => ({
    segment,
    source: source.sopInstanceUid,
    sha256: sha256(pixels),
    set: pixels.reduce((sum, pixel) => sum + pixel, 0),
  }));
  assert.deepEqual(seg.read.frames, ours);
  return results;
}

async function crResults(bench: Bench): Promise<Result[]> {
  const model = await bench.pack('cr-opacidad');
  return bench.run(model, bench.images('cr', slices(model, 2)));
}

async function checkedByValidators(results: readonly Result[]): Promise<void> {
  for (const { path, read } of results) {
    assert.equal(read.qualification, 'RESEARCH');
    const { output } = await runPeer('dciodvfy', [path]);
    assert.match(output, read.sopClassUid === SR ? /^Comprehensive3DSR$/m : /^Segmentation$/m);
    assert.doesNotMatch(output, /Error/, path);
    if (read.sopClassUid !== SR) continue;
    assert.equal(read.verification, 'UNVERIFIED');
    const { code, output: dump } = await runPeer('dsrdump', ['+Pc', path]);
    assert.equal(code, 0, dump);
    assert.match(dump, /CONTAINER:\(126000,DCM/);
    assert.doesNotMatch(dump, /^[EW]:/m);
  }
}

/** One report of each kind: of one image, and of a series with a segmentation. */
async function checkedByTemplate(results: readonly Result[]): Promise<void> {
  for (const { path } of results) {
    const said = await validatedReport(path);
    assert.match(said, /Found Comprehensive3DSR IOD/);
    assert.match(said, /Found Root Template TID_1500/);
    assert.match(said, /IOD validation complete/);
    assert.doesNotMatch(said, /^Error/m, path);
  }
}

async function reproducedByCommand(bench: Bench, results: readonly Result[]): Promise<void> {
  const reproduce = (path: string, of: Result, images = of.images) =>
    bench.acervo('result', 'reproduce', path, '--package', of.package, '--images', images);
  for (const result of results) {
    const { code, out } = await reproduce(result.path, result);
    assert.equal(code, 0, out);
  }
  const [first, ...others] = results as [Result, ...Result[]];
  const altered = join(bench.folder, 'altered.dcm');
  const file = readFileSync(first.path);
  file[file.indexOf('threshold=') + 10] = 0x39;
  writeFileSync(altered, file);
  const { code, out } = await reproduce(altered, first);
  assert.equal(code, 3, out);
  assert.match(out, /not reproduced .*: 0040A730\[\d+\]\..*0040A160 TextValue: other value/);
  const elsewhere = await reproduce(first.path, first, (others.at(-1) as Result).images);
  assert.equal(elsewhere.code, 1, elsewhere.out);
}

type Found = Record<string, { Value?: string[] }>;

/** Sources and results through both doors, found and given back as they are. */
async function keptByTheArchive(t: TestContext, results: readonly Result[]): Promise<void> {
  const archive = await startArchive(t, join(scratch(t, 'results-archive'), 'data'));
  const sources = [...new Set(results.map(({ images }) => images))].flatMap((folder) =>
    readdirSync(folder).map((name) => join(folder, name)),
  );
  const half = results.filter((_, index) => index % 2 === 0);
  const to = ['-aec', archive.aeTitle, '127.0.0.1', String(archive.dimsePort)];
  const sent = await runPeer('storescu', ['-R', ...to, ...sources, ...half.map(({ path }) => path)]);
  assert.equal(sent.code, 0, sent.output);
  const others = results.filter((each) => !half.includes(each)).map(({ path }) => new Uint8Array(readFileSync(path)));
  const answer = await stow({ http: archive.http }, others);
  assert.deepEqual([answer.status, answer.stored.length, answer.failed], [200, others.length, []]);
  for (const { path, read } of results) {
    const stored = await storedFile(archive.http, read);
    assert.ok(stored !== undefined, path);
    assert.deepEqual(sha256(dataSetOfFile(stored)), sha256(dataSetOfFile(readFileSync(path))));
    const modality = read.sopClassUid === SR ? 'SR' : 'SEG';
    const query = `${archive.http}/dicom-web/studies/${read.studyUid}/series?Modality=${modality}`;
    const found = (await (await fetch(query, { headers: { accept: 'application/dicom+json' } })).json()) as Found[];
    assert.deepEqual(
      found.map((series) => series['0020000E']?.Value?.[0]),
      [read.seriesUid],
      modality,
    );
  }
  assert.equal(await archive.stop(), 0);
}

const ready = (t: TestContext, ...peers: string[]): boolean =>
  needsShared(t) && peers.every((peer) => needsPeer(t, peer));

async function benchOf(t: TestContext): Promise<Bench> {
  const bench = new Bench(t);
  await writeDemoPackages(bench.folder);
  return bench;
}

test('results say what numpy computed, and other programs find no error in them', async (t) => {
  if (!ready(t, 'dciodvfy', 'dsrdump') || !(await needsPydicom(t))) return;
  const bench = await benchOf(t);
  const films = await filmResults(bench, FILMS);
  const ct = await ctResults(bench);
  const results = [...films, ...(await mrResults(bench)), ...(await crResults(bench)), ...ct];
  await checkedByValidators(results);
  await reproducedByCommand(bench, [reportIn(films), ...ct]);
  t.diagnostic(`${results.length} results`);
});

test('reports are as their templates say', async (t) => {
  if (!ready(t, 'DicomSRValidator') || !(await needsPydicom(t))) return;
  const bench = await benchOf(t);
  const ct = await ctResults(bench);
  const films = await filmResults(bench, FILMS.slice(0, 1));
  await checkedByTemplate([reportIn(films), reportIn(ct), reportIn(ct, VOLUME)]);
});

test('an archive takes results by both doors, finds them and gives them back', async (t) => {
  if (!ready(t, 'storescu') || !(await needsPydicom(t))) return;
  const bench = await benchOf(t);
  const films = await filmResults(bench, FILMS.slice(0, 1));
  await keptByTheArchive(t, [...films, ...(await crResults(bench)), ...(await ctResults(bench))]);
});
