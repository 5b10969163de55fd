import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { objectOf } from '../harness/corpus.ts';
import { pixelsOf } from '../harness/pixel-peers.ts';
import { storedFile } from '../harness/retrieved.ts';
import { runPeer } from '../harness/run-peer.ts';

const NAME = 'NUÑEZ PEÑA^MARÍA';

/** Pixels, and the name's bytes: what a stack that writes every data set anew must not change. */
async function essence(file: Uint8Array): Promise<unknown> {
  const { dataSet, frames } = await pixelsOf(file);
  const bytesAt = (tag: number): number[] => [...(dataSet.elements.get(tag)?.value ?? [])];
  return [objectOf({ path: '', bytes: file }).sopInstanceUid, bytesAt(T.PatientName), frames.map((each) => [...each])];
}

const fileOf = (object: SmallObject): Uint8Array => concat([writeFileHead(object), object.dataSet]);

test('odil, a stack of its own: echo, store, find, get', async (t) => {
  if (!needsPeer(t, 'odil')) return;
  const folder = scratch(t, 'odil');
  const archive = await startArchive(t, join(folder, 'data'));
  const objects = [1, 2, 3].map((number) => smallObject({ name: 'odil', study: 1, number, patientName: NAME }));
  const paths = objects.map((object, index) => {
    const path = join(folder, `${index}.dcm`);
    writeFileSync(path, fileOf(object));
    return path;
  });
  const odil = async (command: string, ...words: string[]): Promise<string> => {
    const to = ['127.0.0.1', `${archive.dimsePort}`, 'ODIL', archive.aeTitle];
    const { code, output } = await runPeer('odil', [command, ...to, ...words]);
    assert.equal(code, 0, output);
    return output;
  };
  await odil('echo');
  assert.doesNotMatch(await odil('store', ...paths), /Could not store/);
  for (const object of objects) {
    const stored = await storedFile(archive.http, object);
    assert.ok(stored);
    assert.deepEqual(await essence(stored), await essence(fileOf(object)));
  }

  const [{ studyUid, seriesUid }] = objects as [SmallObject];
  const found = await odil('find', 'study', 'QueryRetrieveLevel=STUDY', 'PatientName=NUNEZ*', 'StudyInstanceUID');
  assert.match(found, /1 answer/);
  assert.ok(found.includes(studyUid), found);
  const images = ['QueryRetrieveLevel=IMAGE', `StudyInstanceUID=${studyUid}`, `SeriesInstanceUID=${seriesUid}`];
  assert.match(await odil('find', 'study', ...images, 'SOPInstanceUID'), /3 answers/);
  assert.match(await odil('find', 'patient', 'QueryRetrieveLevel=PATIENT', 'PatientID=NONE'), /0 answer/);

  const got = join(folder, 'got');
  mkdirSync(got);
  await odil('get', 'study', 'QueryRetrieveLevel=STUDY', `StudyInstanceUID=${studyUid}`, '-d', got);
  const files = readdirSync(got).map((name) => new Uint8Array(readFileSync(join(got, name))));
  const essences = await Promise.all(files.map(essence));
  const sent = await Promise.all(objects.map((object) => essence(fileOf(object))));
  const sorted = (all: unknown[]): string[] => all.map((each) => JSON.stringify(each)).toSorted();
  assert.deepEqual(sorted(essences), sorted(sent));
  assert.equal(await archive.stop(), 0);
});
