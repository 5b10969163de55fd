import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { type ArchiveProcess, scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusObject, corpusFile, objectOf } from '../harness/corpus.ts';
import { canonicalDataSet } from '../harness/dcmtk.ts';
import { ARCHIVE, ORTHANC_AET, type Orthanc, startOrthanc } from '../harness/orthanc.ts';
import { dataSetOfFile, instanceUrl, sha256, storedFile } from '../harness/retrieved.ts';

/** Files that Orthanc takes: native ones, of which pixels are compared, and others. */
const NATIVE = [
  'derived/transfer-syntax/explicit.dcm',
  'derived/charset/es_ISO_IR_100_0.dcm',
  'derived/ko-pr-sr-pdf/sr_informe_es.dcm',
  'by-modality/RTDOSE/pydicom__test_files_rtdose_expb.dcm',
  'derived/ko-pr-sr-pdf/encapsulated_pdf.dcm',
];
const COMPRESSED = [
  'by-modality/CT/dicomParser__multi-frame_CT0012.fragmented_no_bot_jpeg_lossless.57.dcm',
  'by-modality/MR/dcm4che__resources_MR-JPEGLosslessSV1.dcm',
  'by-modality/OT/pydicom__test_files_SC_rgb_gdcm_KY.dcm',
];
const WITH_PIXELS = 'derived/transfer-syntax/explicit.dcm';

type Held = { path: string; id: string; object: CorpusObject };
type JobAnswer = { FailedInstancesCount?: number; InstancesCount?: number };

type Given = { archive: ArchiveProcess; orthanc: Orthanc; folder: string; held: readonly Held[] };

async function pushesByCStore({ archive, orthanc, folder, held }: Given): Promise<void> {
  const pushed = await orthanc.ask<JobAnswer>(
    'POST',
    `/modalities/${ARCHIVE}/store`,
    held.map(({ id }) => id),
  );
  assert.deepEqual([pushed.InstancesCount, pushed.FailedInstancesCount], [held.length, 0]);
  for (const { path, id, object } of held) {
    const stored = await storedFile(archive.http, object, 'PUSHED');
    assert.ok(stored, path);
    const isNative = NATIVE.includes(path);
    const mine = await canonicalDataSet(folder, stored, isNative);
    const theirs = await canonicalDataSet(folder, await orthanc.bytes(`/instances/${id}/file`), isNative);
    assert.equal(sha256(mine), sha256(theirs), `${path}: other elements`);
  }
}

async function pushesByStow({ archive, orthanc, held }: Given): Promise<void> {
  const resources = { Resources: held.map(({ id }) => id), Synchronous: true };
  await orthanc.ask('POST', `/dicom-web/servers/${ARCHIVE}/stow`, resources);
  for (const { path, object } of held) {
    const stored = await storedFile(archive.http, object, 'STOWED');
    assert.ok(stored, path);
    assert.equal(sha256(dataSetOfFile(stored)), sha256(object.dataSet), `${path}: another data set`);
  }
}

async function framesAgree({ archive, orthanc, held }: Given): Promise<void> {
  const { id, object } = held.find(({ path }) => path === WITH_PIXELS) as Held;
  const answer = await fetch(`${instanceUrl(archive.http, object, 'PUSHED')}/frames/1`, {
    headers: { accept: 'application/octet-stream' },
  });
  assert.equal(answer.status, 200);
  const theirs = await orthanc.bytes(`/instances/${id}/frames/0/raw`);
  assert.equal(sha256(new Uint8Array(await answer.arrayBuffer())), sha256(theirs));
}

async function searches({ orthanc, held }: Given): Promise<void> {
  for (const { object } of held) {
    const found = await orthanc.ask<Record<string, { Value: string[] }>[]>(
      'POST',
      `/dicom-web/servers/${ARCHIVE}/qido`,
      {
        Uri: '/instances',
        Arguments: { SOPInstanceUID: object.sopInstanceUid },
      },
    );
    assert.equal(found.length, 1, object.sopInstanceUid);
  }
}

async function getsBack({ orthanc, held }: Given): Promise<void> {
  for (const { id } of held) await orthanc.ask('DELETE', `/instances/${id}`);
  assert.deepEqual(await orthanc.ask('GET', '/instances'), []);
  const studies = [...new Set(held.map(({ object }) => object.studyUid))];
  await orthanc.ask('POST', `/dicom-web/servers/${ARCHIVE}/retrieve`, {
    Resources: studies.map((Study) => ({ Study })),
    Synchronous: true,
  });
  assert.deepEqual((await orthanc.ask<string[]>('GET', '/instances')).sort(), held.map(({ id }) => id).sort());
  for (const { path, id, object } of held) {
    const file = await orthanc.bytes(`/instances/${id}/file`);
    if (COMPRESSED.includes(path)) assert.equal(sha256(dataSetOfFile(file)), sha256(object.dataSet), path);
  }
}

test('Orthanc pushes by C-STORE and STOW-RS, searches and gets back what it sent', async (t) => {
  if (!needsShared(t) || !needsPeer(t, 'Orthanc') || !needsPeer(t, 'dcmconv')) return;
  const folder = scratch(t, 'orthanc');
  const accessFile = join(folder, 'access.json');
  writeFileSync(accessFile, JSON.stringify({ systems: [{ aeTitle: ORTHANC_AET, institution: 'PUSHED' }] }));
  const archive = await startArchive(t, join(folder, 'data'), { ACERVO_ACCESS_FILE: accessFile });
  const orthanc = await startOrthanc(t, folder, {
    dimse: { aeTitle: archive.aeTitle, port: archive.dimsePort },
    dicomWebUrl: `${archive.http}/dicom-web/i/STOWED/`,
  });
  const held: Held[] = [];
  for (const path of [...NATIVE, ...COMPRESSED]) {
    const file = corpusFile(path);
    const { ID: id } = await orthanc.ask<{ ID: string }>('POST', '/instances', file.bytes);
    held.push({ path, id, object: objectOf(file) });
  }

  const given: Given = { archive, orthanc, folder, held };
  await t.test('it pushes by C-STORE', () => pushesByCStore(given));

  await t.test('it pushes by STOW-RS', () => pushesByStow(given));

  await t.test('its frames are ours', () => framesAgree(given));

  await t.test('its DICOMweb client searches here', () => searches(given));

  await t.test('its DICOMweb client gets back what it has deleted', () => getsBack(given));
  t.diagnostic(`${held.length} objects each way`);
  assert.equal(await archive.stop(), 0);
});
