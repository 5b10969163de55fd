import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { charsetOf } from '@acervo/dicom/charset/decode.ts';
import { elementAt, numbersOf, textOf, textsOf } from '@acervo/dicom/data-set/access.ts';
import { composed } from '@acervo/dicom/data-set/compose.ts';
import { dataSetOf } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { readSegmentation } from '@acervo/dicom/seg/read.ts';
import type { ContentItem } from '@acervo/dicom/sr/content.ts';
import { readContent } from '@acervo/dicom/sr/read.ts';
import { T } from '@acervo/dicom/tags.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { readManifest } from '@acervo/model/manifest/manifest.ts';
import { InferencePool } from '../../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { demoPackages } from '../../apps/demo/models/build.ts';
import { type ImageFile, readImageFile } from './images.ts';
import { reproduce } from './reproduce.ts';
import { runWithResults, type Task, taskTime } from './results.ts';
import type { OpenModel, RunPorts } from './run.ts';

const never = new AbortController().signal;
const TASK: Task = { made: { date: '20260303', time: '091200' }, qualification: 'RESEARCH' };
const SR = '1.2.840.10008.5.1.4.1.1.88.34';
const SEG = '1.2.840.10008.5.1.4.1.1.66.4';

type Demo = { of: OpenModel; images(golden: 1 | 2): ImageFile[]; ports: RunPorts };

async function demo(t: TestContext, name: string): Promise<Demo> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const limits = { sandbox: 'required', workers: 1, memoryMiBMax: 1024, waitingMax: 10, idleMs: 60_000 } as const;
  const inference = new InferencePool(limits);
  t.after(() => Promise.all([imaging.close(), inference.close()]));
  const files = (await demoPackages(imaging)).find((each) => each.name === name)?.files ?? new Map();
  const read = readManifest(JSON.parse(new TextDecoder().decode(files.get('manifest.json'))));
  assert.ok('manifest' in read);
  return {
    of: { manifest: read.manifest, model: files.get('model.onnx') as Uint8Array },
    ports: { imaging, inference },
    images: (golden) =>
      [...files]
        .filter(([path]) => path.startsWith(`golden/${golden}-`))
        .map(([path, bytes]) => readImageFile(path, bytes)),
  };
}

async function resultsOf({ of, ports }: Demo, images: readonly ImageFile[], task = TASK): Promise<ImageFile[]> {
  const { objects } = await runWithResults(of, images, task, ports, never);
  for (const { sopInstanceUid, seriesUid } of objects) assert.ok(isValidUid(sopInstanceUid) && isValidUid(seriesUid));
  return objects.map(({ kind, file }) => readImageFile(kind, file));
}

const oneOf = (objects: readonly ImageFile[], kind: string): ImageFile => {
  const found = objects.filter(({ name }) => name === kind);
  assert.equal(found.length, 1, kind);
  return found[0] as ImageFile;
};

/** All items of a tree, the root first. */
const itemsOf = (item: ContentItem): ContentItem[] => [item, ...(item.children ?? []).flatMap(itemsOf)];
const named = (items: readonly ContentItem[], code: string): ContentItem[] =>
  items.filter(({ concept }) => concept?.value === code);
const text = ({ dataSet }: ImageFile, tag: number): string => textOf(dataSet.elements.get(tag));

test('a report says what the run said, of what, by what, and for whom it is not', async (t) => {
  const cr = await demo(t, 'cr-opacidad');
  const images = cr.images(2);
  const sr = oneOf(await resultsOf(cr, images), 'dicom-sr');
  assert.deepEqual(
    [T.SOPClassUID, T.Modality, T.CompletionFlag, T.VerificationFlag, T.ContentQualification, T.ContentDate].map(
      (tag) => text(sr, tag),
    ),
    [SR, 'SR', 'COMPLETE', 'UNVERIFIED', 'RESEARCH', '20260303'],
  );
  for (const tag of [T.PatientID, T.PatientName, T.StudyInstanceUID, T.StudyDate]) {
    assert.equal(text(sr, tag), text(images[0] as ImageFile, tag));
  }
  const items = itemsOf(readContent(sr.dataSet, charsetOf(textsOf(sr.dataSet.elements.get(T.SpecificCharacterSet)))));
  const [certainty] = named(items, '111012');
  assert.ok(certainty?.type === 'NUM' && 'value' in certainty && Math.abs(certainty.value - 90) < 1e-4);
  const [evaluation] = named(items, 'R91');
  assert.ok(evaluation?.type === 'CODE' && evaluation.code.value === '52101004');
  const parameters = named(items, '111002').map((each) => (each.type === 'TEXT' ? each.text : ''));
  for (const expected of [`model-sha256=${cr.of.manifest.artifact.sha256}`, 'operations=ops/1', 'threshold=0.5']) {
    assert.ok(parameters.includes(expected), parameters.join());
  }
  const referred = elementAt(
    sr.dataSet,
    T.CurrentRequestedProcedureEvidenceSequence,
    0,
    T.ReferencedSeriesSequence,
    0,
    T.ReferencedSOPSequence,
    0,
    T.ReferencedSOPInstanceUID,
  );
  assert.equal(textOf(referred), images[0]?.sopInstanceUid);
  const [absent] = named(
    itemsOf(readContent(oneOf(await resultsOf(cr, cr.images(1)), 'dicom-sr').dataSet, charsetOf(['ISO_IR 100']))),
    'R91',
  );
  assert.ok(absent?.type === 'CODE' && absent.code.value === '272519000');
});

/** Of ctPhantom: where the mass is, in pixels, and the slices that it is in. */
const MASS = { column: 0.3 * 64 - 0.5, row: 0.45 * 64 - 0.5, radius: 0.09 * 64, slices: [4, 5, 6, 7, 8, 9] };

test('a mask lies over the source images where the phantom has its mass', async (t) => {
  const ct = await demo(t, 'tc-densidad');
  const images = ct.images(2);
  const objects = await resultsOf(ct, images.toReversed());
  const seg = oneOf(objects, 'dicom-seg');
  assert.equal(text(seg, T.SOPClassUID), SEG);
  const { rows, columns, frames } = readSegmentation(seg.dataSet);
  assert.deepEqual([rows, columns], [64, 64]);
  let [count, column, row] = [0, 0, 0];
  for (const { pixels, source, position } of frames) {
    const image = images.find(({ sopInstanceUid }) => sopInstanceUid === source.sopInstanceUid);
    assert.ok(
      image !== undefined &&
        MASS.slices.includes(numbersOf(image.dataSet.elements.get(T.InstanceNumber), true)[0] ?? 0),
    );
    assert.deepEqual(numbersOf(image.dataSet.elements.get(T.ImagePositionPatient), true), position);
    for (const [at, pixel] of pixels.entries()) {
      if (pixel === 0) continue;
      const [down, along] = [Math.floor(at / columns), at % columns];
      assert.ok(Math.hypot(along - MASS.column, down - MASS.row) <= MASS.radius + 2, `${along}, ${down}`);
      [count, column, row] = [count + 1, column + along, row + down];
    }
  }
  assert.ok(
    frames.length >= 4 && Math.hypot(column / count - MASS.column, row / count - MASS.row) < 1,
    `${column / count}, ${row / count}`,
  );
  const reports = objects.filter(({ name }) => name === 'dicom-sr');
  assert.equal(reports.length, 2);
  const items = reports.flatMap(({ dataSet }) => itemsOf(readContent(dataSet, charsetOf(['ISO_IR 100']))));
  const [segment] = named(items, '121191');
  assert.ok(segment?.type === 'IMAGE' && segment.image.sopInstanceUid === seg.sopInstanceUid);
  const [volume] = named(items, '118565006');
  assert.ok(volume?.type === 'NUM' && 'value' in volume && volume.value === count * 6 * 6 * 5, `${count}`);
});

test('nothing drawn: no segmentation, and a report that says so', async (t) => {
  const ct = await demo(t, 'tc-densidad');
  const objects = await resultsOf(ct, ct.images(1));
  assert.deepEqual(
    objects.map(({ name }) => name),
    ['dicom-sr'],
  );
  const [mass] = named(itemsOf(readContent((objects[0] as ImageFile).dataSet, charsetOf(['ISO_IR 100']))), '4147007');
  assert.ok(mass?.type === 'CODE' && mass.code.value === '272519000');
});

test('the same run gives the same bytes, in whatever order its images come; another run other UIDs', async (t) => {
  const ct = await demo(t, 'tc-densidad');
  const images = ct.images(2);
  const first = await resultsOf(ct, images);
  const bytes = (of: readonly ImageFile[]) => of.map((each) => each.bytes);
  assert.deepEqual(bytes(await resultsOf(ct, images.toReversed())), bytes(first));
  const uids = new Set(first.map(({ sopInstanceUid }) => sopInstanceUid));
  for (const task of [
    { ...TASK, qualification: 'PRODUCT' as const },
    { ...TASK, made: { ...TASK.made, time: '091201' } },
  ]) {
    for (const { sopInstanceUid } of await resultsOf(ct, images, task)) assert.ok(!uids.has(sopInstanceUid));
  }
});

test('a result is reproduced; what is other is named', async (t) => {
  const ct = await demo(t, 'tc-densidad');
  const images = [...ct.images(1), ...ct.images(2)];
  const again = (object: ImageFile, of = ct.of, files = images) => reproduce(object, of, files, ct.ports, never);
  for (const object of await resultsOf(ct, ct.images(2))) {
    assert.equal((await again(object)).isSame, true);
    const at = object.name === 'dicom-seg' ? object.bytes.length - 3 : Buffer.from(object.bytes).indexOf('threshold=');
    const altered = readImageFile('altered', fileWith(object, at));
    const { isSame, what } = await again(altered);
    assert.deepEqual([isSame, /^(7FE00010|0040A730)/.test(what)], [false, true], what);
    const { manifest } = ct.of;
    const other = await again(object, { ...ct.of, manifest: { ...manifest, version: '1.0.1' } });
    assert.match(other.what, /^00080018 SOPInstanceUID: other value/);
    await assert.rejects(again(object, ct.of, images.slice(0, 20)), (thrown) => thrown instanceof Failure);
  }
  await assert.rejects(again(images[0] as ImageFile), /Content Qualification/);
});

/** The same object with one byte changed. */
function fileWith({ bytes }: ImageFile, at: number): Uint8Array {
  const head = writeFileHead({ sopClassUid: SR, sopInstanceUid: '1.2', transferSyntaxUid: '1.2.840.10008.1.2.1' });
  return concat([head, bytes.with(at, (bytes[at] as number) ^ 1)]);
}

test('names keep their letters: in the character set of the source, or in one that has them all', async (t) => {
  const cr = await demo(t, 'cr-opacidad');
  const [image] = cr.images(2) as [ImageFile];
  for (const [terms, name, written] of [
    [['ISO_IR 100'], 'Núñez^Begoña', 'ISO_IR 100'],
    [['ISO_IR 192'], 'Núñez^Begoña', 'ISO_IR 192'],
    [['ISO_IR 101'], 'Łukasz^Żak', 'ISO_IR 192'],
    [['', 'ISO 2022 IR 87'], 'Yamada^Tarou=山田^太郎=やまだ^たろう', 'ISO_IR 192'],
    [[''], 'PEREZ^ANA', 'ISO_IR 100'],
  ] as const) {
    const also = composed(
      [
        [T.SpecificCharacterSet, terms.join('\\')],
        [T.PatientName, name],
      ],
      terms,
    );
    const dataSet = dataSetOf([...image.dataSet.elements.values(), ...also.elements.values()]);
    const sr = oneOf(await resultsOf(cr, [{ ...image, dataSet }]), 'dicom-sr');
    assert.equal(text(sr, T.SpecificCharacterSet), written);
    assert.deepEqual(
      sr.dataSet.elements.get(T.PatientName)?.value,
      composed([[T.PatientName, name]], [written]).elements.get(T.PatientName)?.value,
    );
  }
});

test('a report without the code of its finding, and images of several studies, are refused', async (t) => {
  const cr = await demo(t, 'cr-opacidad');
  const { manifest } = cr.of;
  const outputs = manifest.outputs.map((each) => ({ ...each, encode: [{ to: 'dicom-sr' as const }] }));
  const refused = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;
  const bare = { ...cr, of: { ...cr.of, manifest: { ...manifest, outputs } } };
  await assert.rejects(resultsOf(bare, cr.images(2)), refused('model/manifest'));
  const ct = await demo(t, 'tc-densidad');
  const [score, mask] = ct.of.manifest.outputs;
  assert.ok(score !== undefined && mask !== undefined);
  for (const wrong of [
    [{ ...score, encode: mask.encode }, mask],
    [score, { ...mask, encode: score.encode }],
  ]) {
    const of = { ...ct.of, manifest: { ...ct.of.manifest, outputs: wrong } };
    await assert.rejects(resultsOf({ ...ct, of }, ct.images(2)), refused('model/manifest'));
  }
  const mixed = ct.images(2).map((image, index) => {
    const study = composed([[T.StudyInstanceUID, `1.2.${index}`]], ['ISO_IR 6']);
    return { ...image, dataSet: dataSetOf([...image.dataSet.elements.values(), ...study.elements.values()]) };
  });
  await assert.rejects(resultsOf(ct, mixed), refused('model/not-applicable'));
});

test('the time of a task is the one of its study', async (t) => {
  const [image] = (await demo(t, 'cr-opacidad')).images(1) as [ImageFile];
  const zone = composed([[T.TimezoneOffsetFromUTC, '-0630']], ['ISO_IR 6']);
  const dataSet = dataSetOf([...image.dataSet.elements.values(), ...zone.elements.values()]);
  assert.deepEqual(taskTime(new Date('2026-03-03T06:12:09Z'), [{ ...image, dataSet }]), {
    date: '20260302',
    time: '234209',
  });
  const local = new Date(2026, 0, 2, 3, 4, 5);
  assert.deepEqual(taskTime(local, [image]), { date: '20260102', time: '030405' });
});
