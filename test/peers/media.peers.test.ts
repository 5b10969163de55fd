import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { needsPeer } from '@acervo/testkit/peers.ts';
import { needsShared } from '@acervo/testkit/shared.ts';
import { scratch, startArchive } from '../harness/archive-process.ts';
import { corpusFiles } from '../harness/corpus.ts';
import { sha256 } from '../harness/retrieved.ts';
import { sendSample, writeSampleAccess } from '../harness/sample.ts';
import { stow } from '../harness/stow.ts';

/** Python's own reader checks every entry; it also unpacks, as an operator would. */
const UNPACK = `import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    archive.extractall(sys.argv[2])`;

const run = (command: string, words: readonly string[], cwd?: string) => {
  const { status, stdout, stderr } = spawnSync(command, words, {
    encoding: 'latin1',
    ...(cwd !== undefined && { cwd }),
  });
  return { status, text: `${stdout}${stderr}` };
};

const files = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Three studies of the sample are there to show text that is not in the set that it declares: records have it, too. */
const CHARSET_ERROR = /Character invalid for character repertoire|invalid data values for Value Representations/;

/** Errors, without the numbers of records, which depend on how many there are. */
const errorsOf = (dicomdir: string): Set<string> =>
  new Set(
    run('dciodvfy', [dicomdir])
      .text.split('\n')
      .filter((line) => line.startsWith('Error') && !CHARSET_ERROR.test(line))
      .map((line) => line.replaceAll(/\d+/g, '#')),
  );

type Study = Record<string, { Value?: unknown[] }>;

test('a study leaves as a ZIP whose DICOMDIR others read', async (t) => {
  if (!['python3', 'dcmdump', 'dcmmkdir', 'dciodvfy', 'dcdirdmp'].every((peer) => needsPeer(t, peer))) return;
  if (!needsShared(t)) return;
  const folder = scratch(t, 'media');
  const accessFile = join(folder, 'access.json');
  writeSampleAccess(accessFile);
  const archive = await startArchive(t, join(folder, 'data'), { ACERVO_ACCESS_FILE: accessFile });
  await sendSample(archive);
  const corpus = [...corpusFiles((path) => path.startsWith('studies/ct-headphantom'))].map(({ bytes }) => bytes);
  assert.deepEqual((await stow({ http: archive.http }, corpus)).failed, []);
  const answer = await fetch(`${archive.http}/dicom-web/studies`, { headers: { accept: 'application/dicom+json' } });
  const studies = (await answer.json()) as Study[];
  assert.ok(studies.length >= 10);
  for (const [index, study] of studies.entries()) {
    const uid = String(study['0020000D']?.Value?.[0]);
    const count = Number(study['00201208']?.Value?.[0]);
    const unpacked = join(folder, `study-${index}`);
    mkdirSync(unpacked);
    const zip = await fetch(`${archive.http}/api/studies/${uid}/zip`);
    assert.deepEqual([zip.status, zip.headers.get('content-type')], [200, 'application/zip']);
    writeFileSync(`${unpacked}.zip`, new Uint8Array(await zip.arrayBuffer()));
    assert.deepEqual(run('python3', ['-c', UNPACK, `${unpacked}.zip`, unpacked]), { status: 0, text: '' });

    const [dicomdir, ...objects] = files(unpacked).sort((a, b) => Number(b === 'DICOMDIR') - Number(a === 'DICOMDIR'));
    assert.equal(dicomdir, 'DICOMDIR');
    assert.equal(objects.length, count);
    for (const path of objects) assert.match(path, /^DICOM\/ST\d{6}\/SE\d{6}\/IM\d{6}$/);

    const dump = run('dcmdump', ['+L', '+P', '0004,1500', '+P', '0004,1511', join(unpacked, 'DICOMDIR')]);
    assert.equal(dump.status, 0, dump.text);
    const named = [...dump.text.matchAll(/\(0004,1500\) CS \[([^\]]+)\]/g)].map(([, id = '']) =>
      id.replaceAll('\\', '/'),
    );
    assert.deepEqual(named.sort(), objects);
    const listed = run('dcdirdmp', [join(unpacked, 'DICOMDIR')]);
    assert.doesNotMatch(listed.text, /Error/, listed.text);

    // DCMTK's own over the same files is the measure of what cannot be helped.
    const ours = errorsOf(join(unpacked, 'DICOMDIR'));
    const made = run(
      'dcmmkdir',
      ['+r', '-Pgp', '+I', '+id', unpacked, '+D', join(folder, `DICOMDIR-${index}`), 'DICOM'],
      unpacked,
    );
    const theirs = made.status === 0 ? errorsOf(join(folder, `DICOMDIR-${index}`)) : new Set<string>();
    assert.deepEqual(
      [...ours].filter((line) => !theirs.has(line)),
      [],
      made.text,
    );

    const found = await fetch(`${archive.http}/dicom-web/studies/${uid}/instances?limit=1`);
    const [instance] = (await found.json()) as Study[];
    const accept = 'application/dicom; transfer-syntax=*';
    const stored = await fetch(String(instance?.['00081190']?.Value?.[0]), { headers: { accept } });
    const digest = sha256(new Uint8Array(await stored.arrayBuffer()));
    assert.ok(
      objects.some((path) => sha256(readFileSync(join(unpacked, path))) === digest),
      'byte for byte',
    );
  }
  t.diagnostic(`${studies.length} studies`);
});

test('what may not be seen, or is none, has no ZIP', async (t) => {
  const archive = await startArchive(t, join(scratch(t, 'media-none'), 'data'));
  assert.equal((await fetch(`${archive.http}/api/studies/1.2.3/zip`)).status, 404);
  assert.equal((await fetch(`${archive.http}/api/studies/x/zip`)).status, 400);
});
