import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hexOf } from '@acervo/kernel/bytes.ts';
import { canonicalJson, type Json } from '@acervo/kernel/canonical-json.ts';
import {
  CASE,
  type CaseManifest,
  type CaseObject,
  caseManifest,
  caseManifestText,
  objectPath,
} from '@acervo/kernel/journal/case-file.ts';
import { type CheckpointFile, readCheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { inclusionRanges, leafOf, rootsOfRanges } from '@acervo/kernel/journal/merkle.ts';
import { BLOCK_BYTES, paddingOf, writeTarHeader } from '@acervo/kernel/pack/tar.ts';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { signedBy, type TestJournal, type TestKey } from './journal.fixture.ts';
import { sha256 } from './journal.ts';

/** Members of a tar archive by their names, in order. */
export type Members = Map<string, Buffer>;

export const STUDY = '1.2.3';

/** A made file of an object: a head, then its data set. */
export const HEAD_BYTES = 132;
const objectBytes = (number: number): Buffer =>
  Buffer.concat([Buffer.alloc(HEAD_BYTES, 'H'), Buffer.from(`data set ${number}`.repeat(10))]);

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function objectOf(number: number): { object: CaseObject; bytes: Buffer } {
  const bytes = objectBytes(number);
  const object = {
    series: '1.2.3.1',
    sop: `1.2.3.1.${number}`,
    version: 0,
    sopClass: '1.2.840.10008.5.1.4.1.1.7',
    transferSyntax: '1.2.840.10008.1.2.1',
    bytes: bytes.length,
    head: HEAD_BYTES,
    dataSetSha256: sha(bytes.subarray(HEAD_BYTES)),
    isDamaged: false,
  };
  return { object, bytes };
}

const OBJECTS = [1, 2].map(objectOf);

/** A case file written by hand, as decision record 0039 defines it, of some lines of a journal under a checkpoint. */
export async function caseMembers(
  { lines, key }: TestJournal,
  numbers: readonly number[],
  checkpointText: string,
  { by = key, witnessed = '' }: { by?: TestKey; witnessed?: string } = {},
): Promise<Members> {
  const file = (await readCheckpointFile(checkpointText)) as CheckpointFile;
  const members: Members = new Map();
  members.set(CASE.readme, Buffer.from('léeme\n'));
  members.set(CASE.checkpoint, Buffer.from(checkpointText));
  members.set(CASE.witnessed, Buffer.from(witnessed));
  members.set(CASE.journal, Buffer.from(await journalText(lines, numbers, file.checkpoint.size)));
  for (const { object, bytes } of OBJECTS) members.set(objectPath(object), bytes);
  members.set(CASE.objects, Buffer.from(OBJECTS.map(({ object }) => `${canonicalJson(object)}\n`).join('')));
  return signedAnew(members, by, {
    at: '2026-01-02T05:00:00.000Z',
    archive: file.checkpoint.archive,
    key: by.key,
    institution: 'HGM',
    study: STUDY,
    patient: { institution: 'HGM', issuer: 'HGM', id: '7' },
    checkpoint: { number: file.checkpoint.number, size: file.checkpoint.size, root: file.checkpoint.root },
    lines: numbers,
    withheld: [],
    objects: {
      count: OBJECTS.length,
      bytes: OBJECTS.reduce((sum, { bytes }) => sum + bytes.length, 0),
      isIncluded: true,
    },
  });
}

async function journalText(lines: TestJournal['lines'], numbers: readonly number[], size: number): Promise<string> {
  const texts = numbers.map(async (seq) => {
    const leaves = (async function* () {
      for (const line of lines) yield leafOf(sha256, line.hash);
    })();
    const path = (await rootsOfRanges(sha256, inclusionRanges(seq - 1, size), leaves)).map(hexOf);
    return `${canonicalJson({ line: lines[seq - 1] as unknown as Json, path })}\n`;
  });
  return (await Promise.all(texts)).join('');
}

/** The members with a manifest that fits them, signed by whoever has a key. */
export function signedAnew(members: Members, by: TestKey, of: Omit<CaseManifest, 'format' | 'v' | 'files'>): Members {
  const rest = [...members].filter(([path]) => path !== CASE.manifest);
  const files = rest.map(([path, bytes]) => ({ path, bytes: bytes.length, sha256: sha(bytes) }));
  const manifest = caseManifest({ ...of, files });
  const signature = signedBy(by, 'case-file', manifest);
  return new Map([...rest, [CASE.manifest, Buffer.from(caseManifestText({ manifest, signature }))]]);
}

/** @param end  what follows the last member: two blocks of zeros */
export function tarOf(members: Iterable<readonly [string, Buffer]>, end = Buffer.alloc(2 * BLOCK_BYTES)): string {
  const parts: Uint8Array[] = [];
  for (const [path, bytes] of members) {
    parts.push(writeTarHeader({ path, sizeBytes: bytes.length, mtimeSeconds: 0, type: 'file' }), bytes);
    parts.push(new Uint8Array(paddingOf(bytes.length)));
  }
  const file = join(temporaryDirectory(), 'case.tar');
  writeFileSync(file, Buffer.concat([...parts, end]));
  return file;
}
