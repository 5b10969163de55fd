import { canonicalJson, isCanonical, type Json } from '../canonical-json.ts';
import type { BundleLine } from './bundle.ts';
import { isBundleLine } from './bundle.ts';
import { isKey, isSignature } from './signature.ts';

const FORMAT = 'acervo-case-file';

/**
 * Members of a case file (decision record 0039), a tar archive. What people read has Spanish names; what programs read
 * is named in English. Objects lie below `objects/`, by series.
 */
export const CASE = {
  readme: 'LEEME.txt',
  accesses: 'accesos.html',
  accessesJson: 'accesses.json',
  shared: 'compartido.txt',
  sharedJson: 'shared.json',
  checkpoint: 'checkpoint.json',
  /** The last checkpoint that each witness signed, each as its file is, a line each. */
  witnessed: 'witnessed.jsonl',
  journal: 'journal.jsonl',
  objects: 'objects.jsonl',
  sums: 'SHA256SUMS',
  manifest: 'manifest.json',
} as const;

export const OBJECTS_FOLDER = 'objects/';

/** Where an object's bytes lie. The digest tells versions of one instance apart. */
export const objectPath = (of: { series: string; sop: string; version: number; dataSetSha256: string }): string =>
  `${OBJECTS_FOLDER}${of.series}/${of.sop}${of.version === 0 ? '' : `~${of.dataSetSha256.slice(0, 8)}`}.dcm`;

export type CaseFileEntry = { path: string; bytes: number; sha256: string };

/** What the archive signs of a case file: everything in it, and what it knew of the study when it made it. */
export type CaseManifest = {
  format: typeof FORMAT;
  v: 1;
  at: string;
  /** Whose journal, and the public key that signs. */
  archive: string;
  key: string;
  institution: string;
  study: string;
  /** Null where the study names no patient. */
  patient: { institution: string; issuer: string; id: string } | null;
  /** The tree in which every line has its place. */
  checkpoint: { number: number; size: number; root: string };
  /** Numbers of all lines that are in here, rising: which one is missing can be said. */
  lines: readonly number[];
  /** Numbers of lines about this study or patient that name another patient, too, and are therefore left out. */
  withheld: readonly number[];
  objects: { count: number; bytes: number; isIncluded: boolean };
  /** Every member but this one. */
  files: readonly CaseFileEntry[];
};

export type SignedCaseManifest = { manifest: CaseManifest; signature: string };

export const caseManifest = (given: Omit<CaseManifest, 'format' | 'v'>): CaseManifest => ({
  format: FORMAT,
  v: 1,
  ...given,
});

export const caseManifestText = ({ manifest, signature }: SignedCaseManifest): string =>
  `${canonicalJson({ manifest, signature })}\n`;

/** An object of the study, a line of `objects.jsonl`. */
export type CaseObject = {
  series: string;
  sop: string;
  version: number;
  sopClass: string;
  transferSyntax: string;
  /** Of the Part 10 file, and of what precedes its data set. */
  bytes: number;
  head: number;
  /** SHA-256 (hex) of the data set as it was received. */
  dataSetSha256: string;
  /** Where the archive itself found that its bytes differ from that. */
  isDamaged: boolean;
};

/** @returns undefined for what is no manifest, or is not written as the archive writes it */
export function readCaseManifest(text: string): SignedCaseManifest | undefined {
  const parsed = jsonOf(text);
  if (parsed === undefined || !isCanonical(text.replace(/\n$/, ''), parsed)) return undefined;
  const { manifest, signature } = (parsed ?? {}) as Partial<SignedCaseManifest>;
  return isSignature(signature) && isManifest(manifest) ? { manifest, signature } : undefined;
}

/** @returns undefined for a line that is none */
export function readCaseLine(text: string): BundleLine | undefined {
  const parsed = jsonOf(text);
  return isBundleLine(parsed) ? parsed : undefined;
}

export function readCaseObject(text: string): CaseObject | undefined {
  const parsed = jsonOf(text);
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const object = parsed as Partial<CaseObject>;
  const isWhole =
    [object.series, object.sop, object.sopClass, object.transferSyntax].every((each) => typeof each === 'string') &&
    [object.version, object.bytes, object.head].every(isCount) &&
    isHash(object.dataSetSha256) &&
    typeof object.isDamaged === 'boolean';
  return isWhole ? (object as CaseObject) : undefined;
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // The caller says what it is of.
  }
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isHash = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isText = (value: unknown): boolean => typeof value === 'string';

function isManifest(value: unknown): value is CaseManifest {
  if (typeof value !== 'object' || value === null) return false;
  const { format, v, at, archive, key, institution, study, patient, checkpoint, ...rest } =
    value as Partial<CaseManifest>;
  const { number, size, root } = (checkpoint ?? {}) as Partial<CaseManifest['checkpoint']>;
  const { lines, withheld, objects, files } = rest;
  return (
    format === FORMAT &&
    v === 1 &&
    [at, archive, institution, study].every(isText) &&
    isKey(key) &&
    (patient === null || isPatient(patient)) &&
    [number, size].every(isCount) &&
    isHash(root) &&
    [lines, withheld].every((each) => Array.isArray(each) && each.every(isCount)) &&
    [objects?.count, objects?.bytes].every(isCount) &&
    typeof objects?.isIncluded === 'boolean' &&
    Array.isArray(files) &&
    files.every(isEntry)
  );
}

function isPatient(value: unknown): boolean {
  const { institution, issuer, id } = (value ?? {}) as { institution?: unknown; issuer?: unknown; id?: unknown };
  return [institution, issuer, id].every(isText);
}

function isEntry(value: unknown): value is CaseFileEntry {
  const { path, bytes, sha256 } = (value ?? {}) as Partial<CaseFileEntry>;
  return isText(path) && isCount(bytes) && isHash(sha256);
}
