import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDeflateRaw, gzipSync } from 'node:zlib';
import { dataSetOf, element, textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { DEFLATED_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { zipOf } from '@acervo/platform/adapters/fs/zip.fixture.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { runAcervo, scratch } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';
import { AUTHORIZED, SYSTEMS, startKnown, TOKEN } from '../harness/known-archive.ts';
import { peakRssMib } from '../harness/memory.ts';
import { instanceUrl } from '../harness/retrieved.ts';
import { associate } from '../harness/sender.ts';
import { stow } from '../harness/stow.ts';

/** What each bomb would become. */
const INFLATED_BYTES = 1024 ** 3;
const ZEROS = Buffer.alloc(1024 ** 2);
/** What an archive may take above what it had before: a quarter of one bomb. */
const MORE_MIB_MAX = 256;
/** What a command of the archive may take in all. */
const IMPORT_MIB_MAX = 350;

const good = smallObject({ name: 'bombs', study: 1, number: 1 });
const fileOf = (of: SmallObject): Uint8Array => concat([writeFileHead(of), of.dataSet]);

/** Zeros in the deflated form, without ever having them. @param head  what stands before them */
async function deflated(head: Uint8Array, zeroBytes: number): Promise<Buffer> {
  const to = createDeflateRaw();
  const packed = to.toArray();
  to.write(head);
  for (let at = 0; at < zeroBytes; at += ZEROS.length) {
    if (!to.write(ZEROS)) await new Promise((resolve) => to.once('drain', resolve));
  }
  to.end();
  return Buffer.concat((await packed) as Buffer[]);
}

/** An object whose last element says to have so many bytes, of which none is sent in full. */
async function deflateBomb(number: number, tag: number, vr: 'OB' | 'OW'): Promise<SmallObject> {
  const of = smallObject({ name: 'bombs', study: 2, number, transferSyntaxUid: DEFLATED_LE });
  const before = dataSetOf(
    [
      textElement(T.SOPClassUID, 'UI', of.sopClassUid),
      textElement(T.SOPInstanceUID, 'UI', of.sopInstanceUid),
      textElement(T.Modality, 'CS', 'OT'),
      textElement(T.PatientID, 'LO', 'P2'),
      textElement(T.StudyInstanceUID, 'UI', of.studyUid),
      textElement(T.SeriesInstanceUID, 'UI', of.seriesUid),
      element(tag, vr, new Uint8Array(0)),
    ].sort((a, b) => a.tag - b.tag),
  );
  const head = Buffer.from(writeDataSet(before, { explicitVr: true, littleEndian: true }));
  head.writeUInt32LE(INFLATED_BYTES, head.length - 4);
  return { ...of, dataSet: await deflated(head, INFLATED_BYTES) };
}

/** How many bytes come. A body that breaks off is a refusal, too. */
async function readBytes({ body }: Response): Promise<number> {
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) bytes += chunk.length;
  } catch {
    return bytes;
  }
  return bytes;
}

async function storesGood(t: TestContext, http: string): Promise<void> {
  assert.equal((await stow({ http, token: TOKEN }, [fileOf(good)])).stored.length, 1);
  const answer = await fetch(instanceUrl(http, good), { headers: AUTHORIZED });
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  t.diagnostic('a good object is stored and read');
}

test('a deflated object that would become a gigabyte costs a fraction of it, by STOW-RS and by C-STORE', async (t) => {
  const { archive, dataDir } = await startKnown(t, 'bombs');
  await storesGood(t, archive.http);
  const beforeMib = peakRssMib(archive.pid);
  const bombs = [await deflateBomb(1, 0x00420011, 'OB'), await deflateBomb(2, T.PixelData, 'OW')];
  for (const bomb of bombs) {
    t.diagnostic(`${bomb.dataSet.length} bytes for ${INFLATED_BYTES}`);
    const answer = await stow({ http: archive.http, token: TOKEN }, [fileOf(bomb)]);
    t.diagnostic(`STOW-RS ${answer.status} ${JSON.stringify(answer.failed)}`);
    assert.ok(answer.status < 500);
    const association = await associate(archive, [bomb], SYSTEMS.a);
    const { status } = await association.store(bomb);
    t.diagnostic(`C-STORE ${status.toString(16)}`);
    await association.release();
    // Whether it was taken or not: whoever asks for it must not have it inflated here.
    for (const aspect of ['/metadata', '/rendered', '/frames/1', '/bulkdata', '/thumbnail', '']) {
      const answered = await fetch(instanceUrl(archive.http, bomb) + aspect, {
        headers: { ...AUTHORIZED, accept: aspect === '' ? 'application/dicom' : '*/*' },
      });
      const bytes = await readBytes(answered);
      t.diagnostic(`${aspect === '' ? 'object' : aspect} ${answered.status}, ${bytes} bytes`);
      assert.notEqual(answered.status, 500, aspect);
    }
  }
  const moreMib = peakRssMib(archive.pid) - beforeMib;
  t.diagnostic(`${beforeMib} MiB before, ${moreMib} more at the peak`);
  assert.ok(moreMib < MORE_MIB_MAX, `${moreMib} MiB more`);
  await storesGood(t, archive.http);
  assert.doesNotMatch(archive.logText(), /"internal"/);
  assert.deepEqual(strayFiles(dataDir), []);
});

test('a body in a content coding is not inflated', async (t) => {
  const { archive } = await startKnown(t, 'bombs-coding');
  await storesGood(t, archive.http);
  const beforeMib = peakRssMib(archive.pid);
  const bomb = gzipSync(Buffer.alloc(256 * 1024 ** 2));
  const encoded = { ...AUTHORIZED, 'content-encoding': 'gzip' };
  for (const [path, type] of [
    ['/dicom-web/studies', 'application/dicom'],
    ['/dicom-web/studies', 'multipart/related; type="application/dicom"; boundary=x'],
    ['/api/patients/link', 'application/json'],
  ] as const) {
    const headers = { ...encoded, 'content-type': type };
    const answer = await fetch(archive.http + path, { method: 'POST', headers, body: bomb });
    assert.equal(answer.status, 415, `${path} ${type}`);
    await answer.text();
  }
  const file = new Uint8Array(gzipSync(fileOf(good)));
  const headers = { ...encoded, 'content-type': 'application/dicom' };
  const { status } = await fetch(`${archive.http}/dicom-web/studies`, { method: 'POST', headers, body: file });
  assert.equal(status, 415, 'a good object in a coding is refused with a word, not taken for a bad one');
  const moreMib = peakRssMib(archive.pid) - beforeMib;
  t.diagnostic(`${bomb.length} bytes for ${256 * 1024 ** 2}: ${moreMib} MiB more`);
  assert.ok(moreMib < MORE_MIB_MAX / 4, `${moreMib} MiB more`);
});

test('ZIP bombs, and archives whose names lead elsewhere, are imported as what they are', async (t) => {
  const folder = scratch(t, 'bombs-zip');
  const [incoming, dataDir] = [join(folder, 'incoming'), join(folder, 'data')];
  mkdirSync(incoming);
  const zeros = Buffer.alloc(200 * 1024 ** 2);
  const bomb = zipOf([{ name: 'bomb.dcm', bytes: zeros }]);
  const second = smallObject({ name: 'bombs', study: 3, number: 1 });
  writeFileSync(join(incoming, 'bomb.zip'), bomb);
  writeFileSync(
    join(incoming, 'lies.zip'),
    zipOf([{ name: 'l.dcm', bytes: zeros, claims: { uncompressedSize: 100 } }]),
  );
  writeFileSync(
    join(incoming, 'nested.zip'),
    zipOf(Array.from({ length: 20 }, (_, at) => ({ name: `${at}.zip`, bytes: bomb }))),
  );
  writeFileSync(
    join(incoming, 'names.zip'),
    zipOf([
      { name: '../../escaped.dcm', bytes: fileOf(good) },
      { name: '/tmp/acervo-escaped.dcm', bytes: fileOf(second) },
      { name: 'C:\\escaped\0.dcm', bytes: Buffer.from('no object') },
    ]),
  );
  let pid = 0;
  let peakMib = 0;
  const measuring = setInterval(() => {
    peakMib = Math.max(peakMib, peakOf(pid));
  }, 50);
  t.after(() => clearInterval(measuring));
  const { code, out, err } = await runAcervo(dataDir, ['import', incoming, '--json'], {}, (started) => {
    pid = started;
  });
  clearInterval(measuring);
  t.diagnostic(`${peakMib} MiB at the peak, exit code ${code}`);
  t.diagnostic(out.trim().split('\n').at(-1) ?? '');
  assert.equal(code, 4, err);
  assert.ok(peakMib > 50 && peakMib < IMPORT_MIB_MAX, `${peakMib} MiB`);
  assert.match(out, /a ZIP bomb/);
  assert.deepEqual(
    strayFiles(dataDir).filter((name) => !name.startsWith('imports/')),
    [],
  );
  const verified = await runAcervo(dataDir, ['verify', '--deep', '--json']);
  assert.equal(verified.code, 0, verified.err);
  t.diagnostic(verified.out.trim().split('\n').at(-1) ?? '');
});

/** 0 once it has ended, or not begun. */
function peakOf(pid: number): number {
  try {
    return peakRssMib(pid);
  } catch {
    return 0;
  }
}
