import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { checkSegment } from '@acervo/kernel/pack/check.ts';
import type { RecordMember } from '@acervo/kernel/pack/record.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { SmallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../../adapters/fs/blob-store.ts';
import { stagingFolder } from '../../adapters/fs/staging-folder.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';
import { newSha256 } from '../../holdings/pack/member.ts';
import { readLines, type SealedLine } from '../../journal/segments.ts';
import { type BackupHears, type BackupPorts, type BackupSummary, backUp } from './backup.ts';
import type { Damage } from './manifest.ts';
import type { BackupTarget } from './progress-record.ts';
import { openBackup, stageFiles } from './restore.ts';

export type TestArchive = Awaited<ReturnType<typeof openTestArchive>>;

/** Larger than this is streamed into a segment of its own. */
export const SMALL_BYTES = 16_384;

export const openSmall = (t: TestContext, dataDir?: string): Promise<TestArchive> =>
  openTestArchive(t, dataDir, { ACERVO_SMALL_OBJECT_KIB: '16' });

export const portsOf = ({ holdings, modelBlobs, sealer, node }: TestArchive): BackupPorts => {
  const { db, blobs, journalBlobs, journal } = holdings;
  return { db, blobs, journalBlobs, modelBlobs, journal, sealer, node, version: '1.2.3' };
};

let root: string | undefined;
let folders = 0;

/** A folder that is not there yet. */
export function newFolder(): string {
  root ??= temporaryDirectory();
  folders += 1;
  return join(root, `backup-${folders}`);
}

export const targetOf = (folder: string): BackupTarget => ({
  folder: targetFolder(folder),
  blobs: fileBlobStore(folder),
});

const NOT_HEARD: BackupHears = { damaged: () => {}, progress: () => {} };

export function backUpTo(
  archive: TestArchive,
  folder: string,
  deep = false,
  target = targetOf(folder),
  hears = NOT_HEARD,
): Promise<BackupSummary> {
  return backUp(portsOf(archive), testOp(), target, { deep }, hears);
}

export function store({ holdings }: TestArchive, object: SmallObject) {
  return holdings.store.store(testOp(), {
    form: 'dataset',
    sopClassUid: object.sopClassUid,
    sopInstanceUid: object.sopInstanceUid,
    transferSyntaxUid: object.transferSyntaxUid,
    sourceAet: 'TEST',
    body: chunksOf(object.dataSet),
  });
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3000) yield bytes.subarray(at, at + 3000);
}

/** What a restore would copy, and what it finds damaged in the backup. */
export async function tryRestore(folder: string): Promise<{ damaged: Damage[]; into: string }> {
  const into = await mkdtemp(`${folder}-tried-`);
  const staging = (name: string) => stagingFolder(join(into, name));
  const [packs, journal, models] = [staging('packs'), staging('journal'), staging('models')];
  const backup = targetFolder(folder);
  const signal = new AbortController().signal;
  const damaged = await stageFiles(backup, await openBackup(backup), { packs, journal, models }, signal, () => {});
  await packs.publish();
  await models.publish();
  await journal.publish();
  return { damaged, into };
}

export type Held = { members: Map<string, RecordMember>; lines: SealedLine[] };

/** Everything in restored folders, every byte compared with its digest: whole groups and nothing else. */
export async function readRestored(into: string): Promise<Held> {
  const blobs = fileBlobStore(join(into, 'packs'));
  const members = new Map<string, RecordMember>();
  for await (const name of blobs.list()) {
    const segment = Number(name.slice(-12, -4));
    const size = (await blobs.sizeOf(name)) as number;
    const reader = await blobs.open(name);
    const bytes = { size, read: (offset: number, length: number) => reader.read(offset, length) };
    for await (const checked of checkSegment(bytes, { segment, newSha256, deep: true })) {
      if (checked.kind === 'finding') assert.fail(`${checked.code} ${checked.what}: ${checked.detail}`);
      if (checked.kind === 'group') checked.record.members.map((member) => members.set(member.sop, member));
      if (checked.kind !== 'end') continue;
      assert.equal(checked.tailBytes, checked.sealed ? 1024 : 0, `${name} has a partial group`);
    }
    await reader.close();
  }
  const lines = await Array.fromAsync(readLines(fileBlobStore(join(into, 'journal')), 1));
  return { members, lines };
}
