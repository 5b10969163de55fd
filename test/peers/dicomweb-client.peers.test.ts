import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { api } from 'dicomweb-client';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { type CorpusObject, corpusFile, objectOf } from '../harness/corpus.ts';
import { plainFrames } from '../harness/pixels.ts';
import { dataSetOfFile, sha256 } from '../harness/retrieved.ts';

// The client is made for browsers and takes their XMLHttpRequest from the global object; xhr2 has no types.
const require = createRequire(import.meta.url);
globalThis.XMLHttpRequest = require('xhr2') as typeof XMLHttpRequest;

const NATIVE = 'by-modality/RTDOSE/pydicom__test_files_rtdose.dcm';
const RLE = 'by-modality/OT/pydicom__test_files_SC_rgb_rle_2frame.dcm';
const SPANISH = 'derived/charset/es_ISO_IR_100_0.dcm';
const PATHS = [NATIVE, RLE, SPANISH];

/** Its types want what its code does not. */
const request = {};

type Json = Record<string, { vr: string; Value?: unknown[] }>;
type Uids = { studyInstanceUID: string; seriesInstanceUID: string; sopInstanceUID: string };

const uidsOf = (of: CorpusObject): Uids => ({
  studyInstanceUID: of.studyUid,
  seriesInstanceUID: of.seriesUid,
  sopInstanceUID: of.sopInstanceUid,
});
const valueOf = (json: Json | undefined, tag: string): unknown => json?.[tag]?.Value?.[0];

/** The bytes as an ArrayBuffer of their own, which is all that the client sends. */
const bufferOf = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;

/** What a method of the client resolves with: its types do not say that it resolves at all. */
const answered = <T>(answer: unknown): Promise<T> => Promise.resolve(answer as T);

type Prepared = { client: InstanceType<typeof api.DICOMwebClient>; objects: CorpusObject[] };

/** An archive whose objects the client has stored. */
async function prepare(t: TestContext): Promise<Prepared> {
  const archive = await startArchive(t, join(scratch(t, 'dicomweb-client'), 'data'));
  const client = new api.DICOMwebClient({ url: `${archive.http}/dicom-web`, singlepart: false, headers: {} });
  const files = PATHS.map(corpusFile);
  await client.storeInstances({ datasets: files.map(({ bytes }) => bufferOf(bytes)) });
  return { client, objects: files.map(objectOf) };
}

async function finds({ client, objects }: Prepared): Promise<void> {
  const studies = await answered<Json[]>(client.searchForStudies());
  assert.deepEqual(
    studies.map((study) => String(valueOf(study, '0020000D'))).sort(),
    objects.map(({ studyUid }) => studyUid).sort(),
  );
  for (const object of objects) {
    const { studyInstanceUID, seriesInstanceUID } = uidsOf(object);
    const [series, ...moreSeries] = await answered<Json[]>(client.searchForSeries({ studyInstanceUID }));
    assert.deepEqual([valueOf(series, '0020000E'), moreSeries.length], [seriesInstanceUID, 0]);
    const [instance, ...more] = await answered<Json[]>(
      client.searchForInstances({ studyInstanceUID, seriesInstanceUID }),
    );
    assert.deepEqual([valueOf(instance, '00080018'), more.length], [object.sopInstanceUid, 0]);
  }
  const found = await answered<Json[]>(
    client.searchForStudies({ queryParams: { PatientName: 'nunez pena*', fuzzymatching: true } }),
  );
  assert.deepEqual(
    found.map((study) => valueOf(study, '0020000D')),
    [objects[2]?.studyUid],
  );
}

async function readsMetadata({ client, objects }: Prepared): Promise<void> {
  for (const object of objects) {
    const metadata = await answered<Json[]>(
      client.retrieveStudyMetadata({ studyInstanceUID: object.studyUid, request }),
    );
    assert.equal(valueOf(metadata[0], '00080018'), object.sopInstanceUid);
    const one = await answered<Json[] | Json>(client.retrieveInstanceMetadata(uidsOf(object)));
    assert.equal(valueOf(Array.isArray(one) ? one[0] : one, '00080016'), object.sopClassUid);
  }
}

async function getsInstances({ client, objects }: Prepared): Promise<void> {
  for (const object of objects) {
    const options = { ...uidsOf(object), request } as Parameters<typeof client.retrieveInstance>[0];
    const file = new Uint8Array(await answered<ArrayBuffer>(client.retrieveInstance(options)));
    assert.equal(objectOf({ path: 'retrieved', bytes: file }).sopInstanceUid, object.sopInstanceUid);
    // It names no transfer syntax: implicit VR then comes as explicit VR (PS3.18 8.7.3.5.2).
    if (object.transferSyntaxUid !== IMPLICIT_LE) assert.equal(sha256(dataSetOfFile(file)), sha256(object.dataSet));
  }
}

async function getsFrames({ client, objects }: Prepared): Promise<void> {
  const asked = [
    { object: objects[0], mediaTypes: [{ mediaType: 'application/octet-stream' }] },
    {
      object: objects[1],
      mediaTypes: [{ mediaType: 'image/x-dicom-rle', transferSyntaxUID: '1.2.840.10008.1.2.5' }],
    },
  ];
  for (const { object, mediaTypes } of asked) {
    assert.ok(object);
    const frames = plainFrames(object);
    const frameNumbers = frames.map((_, index) => index + 1);
    const options = { ...uidsOf(object), frameNumbers: frameNumbers.join(), mediaTypes, request };
    const got = await answered<ArrayBuffer[]>(client.retrieveInstanceFrames(options));
    assert.deepEqual(
      got.map((frame) => sha256(new Uint8Array(frame))),
      frames.map((frame) => sha256(frame)),
    );
  }
}

test('dicomweb-client stores, searches and retrieves', async (t) => {
  if (!needsShared(t)) return;
  const given = await prepare(t);

  await t.test('it finds studies, series and instances', () => finds(given));

  await t.test('it reads metadata', () => readsMetadata(given));

  await t.test('it gets instances as they were sent', () => getsInstances(given));

  await t.test('it gets frames, native and compressed', () => getsFrames(given));
});
