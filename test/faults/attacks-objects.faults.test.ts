import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { dataSetOf, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import { writeDataSet } from '@acervo/dicom/data-set/write.ts';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { runAcervo } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';
import { SYSTEMS, startKnown, TOKEN } from '../harness/known-archive.ts';
import { packContents } from '../harness/packs.ts';
import { associate } from '../harness/sender.ts';
import { stow } from '../harness/stow.ts';

/** What a UID must never become: a path, a text of another kind, or more than a name can be. */
const UIDS: readonly string[] = [
  '..',
  '../../../../etc/passwd',
  '/etc/passwd',
  '1.2/../../../x',
  '..\\1.2',
  '1.2.3\0/x',
  '1.2.3\r\nX: y',
  '%2e%2e%2f',
  `${'1.'.repeat(40)}1`,
  '1..2',
  '.acervo',
  "1.2'; drop table study; --",
];
const PLACES = { study: T.StudyInstanceUID, series: T.SeriesInstanceUID, instance: T.SOPInstanceUID } as const;

const good = smallObject({ name: 'attacks-objects', study: 1, number: 1 });
const second = smallObject({ name: 'attacks-objects', study: 1, number: 2 });
const onDisc = smallObject({ name: 'attacks-objects', study: 3, number: 1 });
const outside = smallObject({ name: 'attacks-objects', study: 9, number: 1 });
const fileOf = (of: SmallObject): Uint8Array => concat([writeFileHead(of), of.dataSet]);

const hostile = (place: keyof typeof PLACES, uid: string): SmallObject => {
  const of = smallObject({
    name: 'attacks-objects',
    study: 2,
    number: 1,
    also: [textElement(PLACES[place], 'UI', uid)],
  });
  return place === 'instance' ? { ...of, sopInstanceUid: uid } : of;
};

/** A DICOMDIR (PS3.3 F) that names these files. */
function dicomdir(fileIds: readonly (readonly string[])[]): Uint8Array {
  const records = fileIds.map((id) =>
    dataSetOf([
      textElement(T.DirectoryRecordType, 'CS', 'IMAGE'),
      textElement(T.ReferencedFileID, 'CS', id.join('\\')),
    ]),
  );
  const head = writeFileHead({
    sopClassUid: '1.2.840.10008.1.3.10',
    sopInstanceUid: '1.2.3',
    transferSyntaxUid: EXPLICIT_LE,
  });
  const set = dataSetOf([sequence(T.DirectoryRecordSequence, records)]);
  return concat([head, writeDataSet(set, { explicitVr: true, littleEndian: true })]);
}

test('UIDs and names that lead out of a folder are refused by every door', async (t) => {
  const { archive, dataDir, folder } = await startKnown(t, 'attacks-objects');
  const { http } = archive;
  assert.equal((await stow({ http, token: TOKEN }, [fileOf(good)])).stored.length, 1);
  const hostiles = (Object.keys(PLACES) as (keyof typeof PLACES)[]).flatMap((place) =>
    UIDS.map((uid) => ({ what: `${place} ${uid.slice(0, 20)}`, of: hostile(place, uid) })),
  );
  for (const { what, of } of hostiles) {
    const { status, stored } = await stow({ http, token: TOKEN }, [fileOf({ ...of, sopInstanceUid: '1.2.3' })]);
    assert.ok(status >= 400 && status < 500 && stored.length === 0, `STOW-RS ${what}: ${status}`);
  }
  for (const { what, of } of hostiles) {
    const association = await associate(archive, [of], SYSTEMS.a);
    const { status } = await association.store(of);
    assert.ok(status >= 0xa000, `C-STORE ${what}: ${status.toString(16)}`);
    await association.release();
  }
  const association = await associate(archive, [second], SYSTEMS.a);
  assert.equal((await association.store(second)).status, 0);
  await association.release();
  assert.equal(await archive.stop(), 0);
  assert.doesNotMatch(archive.logText(), /"internal"/);

  // A disc whose directory and whose links lead out of it.
  const disc = join(folder, 'disc');
  mkdirSync(join(disc, 'IN'), { recursive: true });
  writeFileSync(join(folder, 'OUTSIDE'), fileOf(outside));
  writeFileSync(join(disc, 'IN/GOOD'), fileOf(onDisc));
  symlinkSync(join(folder, 'OUTSIDE'), join(disc, 'IN/LINK'));
  symlinkSync(folder, join(disc, 'IN/UP'));
  const leading = [
    ['..', 'OUTSIDE'],
    ['IN', '..', '..', 'OUTSIDE'],
    ['IN', 'LINK'],
    ['IN', 'UP', 'OUTSIDE'],
    ['/', 'OUTSIDE'],
  ];
  writeFileSync(join(disc, 'DICOMDIR'), dicomdir([['IN', 'GOOD'], ...leading]));
  const directory = await runAcervo(dataDir, ['import', join(disc, 'DICOMDIR'), '--json']);
  assert.match(directory.out, /"stored":1,.*"missing":5,/, directory.out + directory.err);
  hostiles.forEach(({ of }, index) => {
    writeFileSync(join(disc, `IN/BAD${index}`), fileOf({ ...of, sopInstanceUid: '1.2.3' }));
  });
  const whole = await runAcervo(dataDir, ['import', disc, '--json']);
  const links = 2;
  const skipped = new RegExp(`"stored":0,"resent":1,.*"skipped":${hostiles.length + links},"missing":5,`);
  assert.match(whole.out, skipped, whole.out.split('\n').at(-2));
  const { members, loose } = await packContents(dataDir);
  assert.deepEqual(
    members.map(({ sop }) => sop).sort(),
    [good, second, onDisc].map((each) => each.sopInstanceUid).sort(),
  );
  assert.deepEqual([loose, strayFiles(dataDir).filter((name) => !name.startsWith('imports/'))], [[], []]);
});
