import { Failure } from '@acervo/kernel/failure.ts';
import type { TargetFolder } from '../../ports/target-folder.ts';

/** The file that makes a folder a backup: written last, replaced as a whole. */
export const MANIFEST = 'backup.json';
const FORMAT = 'acervo-backup';
/** A million segments take a half of it. */
const MANIFEST_BYTES_MAX = 500 * 10 ** 6;
/** Nothing that leads elsewhere. */
const PATH = /^(packs\/\d{4}\/\d{8}\.tar|journal\/(checkpoints\/)?\d{12}\.jsonl|models\/[0-9a-f]{2}\/[0-9a-f]{64})$/;
const SHA256 = /^[0-9a-f]{64}$/;

/** A file of a backup. Only its first `length` bytes count: a later backup that was interrupted may have added some. */
export type BackupFile = {
  path: string;
  length: number;
  /** SHA-256 (hex) of those bytes. */
  sha256: string;
  /** Of a segment: SHA-256 of its last commit record; '' of another file. */
  chain: string;
};

/** What the archive could not give whole, and why. */
export type Damage = { path: string; reason: string };

export type Manifest = {
  format: typeof FORMAT;
  v: 1;
  /** The data directory that was backed up. */
  node: string;
  /** When the backup began, RFC 3339 UTC: everything acknowledged before is in it. */
  at: string;
  finished: string;
  /** Version of the software that wrote it. */
  version: string;
  /** The last numbered event that is in it. */
  journal: { seq: number; hash: string };
  counts: { segments: number; records: number; journalFiles: number; modelFiles: number; bytes: number };
  damaged: Damage[];
  files: BackupFile[];
};

/** @param given  everything but what follows from it; `records`: commit records in the segments */
export function manifestOf(given: Omit<Manifest, 'format' | 'v' | 'counts'>, records: number): Manifest {
  const countOf = (folder: string): number => given.files.filter(({ path }) => path.startsWith(folder)).length;
  const [segments, journalFiles, modelFiles] = [countOf('packs/'), countOf('journal/'), countOf('models/')];
  const bytes = given.files.reduce((sum, { length }) => sum + length, 0);
  const counts = { segments, records, journalFiles, modelFiles, bytes };
  return { format: FORMAT, v: 1, ...given, counts };
}

/** The head, then a line for each file: people can read and compare it. */
export function* manifestText({ files, ...head }: Manifest): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(`${JSON.stringify(head, undefined, 1).slice(0, -2)},\n "files": [`);
  for (const [index, file] of files.entries()) {
    yield encoder.encode(`${index === 0 ? '' : ','}\n  ${JSON.stringify(file)}`);
  }
  yield encoder.encode('\n ]\n}\n');
}

/**
 * The manifest of a folder; undefined when it has none.
 * @throws {Failure} request/invalid when it cannot be understood
 */
export async function readManifest(folder: TargetFolder): Promise<Manifest | undefined> {
  const size = await folder.sizeOf(MANIFEST);
  if (size === undefined) return undefined;
  if (size > MANIFEST_BYTES_MAX) throw new Failure('request/invalid', `${MANIFEST} is longer than any of ours`);
  const parsed = parseJson(Buffer.concat(await Array.fromAsync(folder.read(MANIFEST))).toString('utf8'));
  if (!isManifest(parsed)) throw new Failure('request/invalid', `${MANIFEST} is damaged, or of another version`);
  return parsed;
}

/** @returns undefined for what is no JSON: its reader judges that like any other wrong shape. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, v, node, at, version, journal, damaged, files } = value as Partial<Manifest>;
  return (
    format === FORMAT &&
    v === 1 &&
    [node, at, version, journal?.hash].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(journal?.seq) &&
    Array.isArray(damaged) &&
    Array.isArray(files) &&
    files.every(isBackupFile)
  );
}

export function isBackupFile(value: unknown): value is BackupFile {
  if (typeof value !== 'object' || value === null) return false;
  const { path, length, sha256, chain } = value as Partial<BackupFile>;
  return (
    typeof path === 'string' &&
    PATH.test(path) &&
    Number.isSafeInteger(length) &&
    (length as number) > 0 &&
    typeof sha256 === 'string' &&
    SHA256.test(sha256) &&
    typeof chain === 'string'
  );
}
