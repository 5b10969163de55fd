import { createHash } from 'node:crypto';
import { Failure, type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import {
  type Digests,
  ENVELOPE_FILE,
  type Envelope,
  listedIn,
  readEnvelope,
  signersOf,
  type Verifier,
} from '@acervo/model/envelope.ts';
import { type Manifest, PATH, readManifest } from '@acervo/model/manifest/manifest.ts';
import { checkOnnx, type Finding } from '@acervo/model/onnx/check.ts';
import { readOnnx } from '@acervo/model/onnx/read.ts';
import type { PackageFolder } from '../../ports/package-folder.ts';
import { DOCUMENTS, lacksOf } from './documents.ts';
import { executableIn, isStray, monaiExpressionIn } from './executable.ts';

export const MANIFEST_FILE = 'manifest.json';
export const PACKAGE_LIMITS = { files: 4096, fileBytes: 2 ** 30, packageBytes: 4 * 2 ** 30, jsonBytes: 2 ** 22 };

/** What intake found. `manifest` and `model` are there when they could be read, whatever else stands against them. */
export type Intake = {
  findings: readonly Finding[];
  /** SHA-256 of every file but the envelope. */
  digests: ReadonlyMap<string, string>;
  /** Their bytes. */
  sizes: ReadonlyMap<string, number>;
  manifest: Manifest | undefined;
  model: Uint8Array | undefined;
  /** Keys that are trusted and signed for exactly these bytes. */
  signedBy: readonly string[];
  /** SHA-256 of what was signed, the list of all files: the name of the package. */
  digest?: string;
  /** Of the envelope's own bytes. */
  envelope?: { sha256: string; sizeBytes: number };
};

type Say = (code: FailureCode, where: string, what: string) => undefined;

/**
 * Judge a package: every file, its envelope, manifest, documents and model. Nothing of it is executed or unpacked; it
 * goes on after a finding, so that a supplier sees them all at once.
 * @param trusted keys whose signature counts; none: who signed is not judged
 */
export async function checkPackage(folder: PackageFolder, trusted: readonly Verifier[]): Promise<Intake> {
  const findings: Finding[] = [];
  const say: Say = (code, where, what) => void findings.push({ code, where, what });
  const files = await readFiles(folder, say);
  const digests = new Map([...files].map(([path, { sha256 }]) => [path, sha256]));
  const { signedBy, ...signed } = await checkEnvelope(folder, digests, trusted, say);
  const source: Source = { files, read: (path, bytesMax) => readSame(folder, files, path, bytesMax) };
  const manifest = await checkManifest(source, say);
  const model = manifest && (await checkArtifact(manifest, source, say));
  if (manifest !== undefined) {
    checkKinds(manifest, files, say);
    await checkDocuments(manifest, source, say);
  }
  const sizes = new Map([...files].map(([path, { sizeBytes }]) => [path, sizeBytes]));
  return { findings, digests, sizes, manifest, model, signedBy, ...signed };
}

type Files = ReadonlyMap<string, { sha256: string; sizeBytes: number }>;
/** What was found, and its bytes once more: of a package of gigabytes one file at a time is in memory. */
type Source = { files: Files; read(path: string, bytesMax: number): Promise<Uint8Array> };

async function readSame(folder: PackageFolder, files: Files, path: string, bytesMax: number): Promise<Uint8Array> {
  const bytes = await folder.read(path, bytesMax);
  if (sha256Of(bytes) !== files.get(path)?.sha256) throw new Failure('model/digest', `${path} changed meanwhile`);
  return bytes;
}

async function readFiles(folder: PackageFolder, say: Say): Promise<Files> {
  const files = new Map<string, { sha256: string; sizeBytes: number }>();
  let total = 0;
  for (const { path, kind, sizeBytes } of await folder.list(PACKAGE_LIMITS.files)) {
    total += sizeBytes;
    if (kind !== 'file') say('model/path', path, kind === 'link' ? 'a symbolic link' : 'no regular file');
    else if (!PATH.test(path)) say('model/path', JSON.stringify(path), 'letters, digits, _ . - only, none hidden');
    else if (sizeBytes > PACKAGE_LIMITS.fileBytes) say('model/limit', path, `${sizeBytes} bytes`);
    else if (total > PACKAGE_LIMITS.packageBytes) throw new Failure('model/limit', `more than ${total} bytes`);
    else {
      const { sha256, start } = await digestOf(folder, path);
      const what = executableIn(path, start);
      if (what !== undefined) say('model/executable', path, what);
      if (path !== ENVELOPE_FILE) files.set(path, { sizeBytes, sha256 });
    }
  }
  return files;
}

/** More than the signature of any format has. */
const START_BYTES = 64;

/** SHA-256 of a file, and how it begins; the rest is not kept. */
async function digestOf(folder: PackageFolder, path: string): Promise<{ sha256: string; start: Uint8Array }> {
  const hash = createHash('sha256');
  let start: Uint8Array | undefined;
  for await (const piece of folder.pieces(path, PACKAGE_LIMITS.fileBytes)) {
    start ??= piece.slice(0, START_BYTES);
    hash.update(piece);
  }
  return { sha256: hash.digest('hex'), start: start ?? new Uint8Array() };
}

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function checkEnvelope(
  folder: PackageFolder,
  digests: ReadonlyMap<string, string>,
  trusted: readonly Verifier[],
  say: Say,
): Promise<Pick<Intake, 'signedBy' | 'digest' | 'envelope'>> {
  try {
    const bytes = await folder.read(ENVELOPE_FILE, PACKAGE_LIMITS.jsonBytes * 2);
    const { envelope, digest, listed } = openEnvelope(bytes);
    for (const [path, sha256] of listed) {
      const found = digests.get(path);
      if (found === undefined) say('model/digest', path, 'signed for, and not there');
      else if (found !== sha256) say('model/digest', path, 'not the bytes that were signed');
    }
    for (const path of digests.keys()) if (!listed.has(path)) say('model/digest', path, 'nobody signed for it');
    const signedBy = await signersOf(envelope, trusted);
    if (trusted.length > 0 && signedBy.length === 0) {
      say('model/signature', ENVELOPE_FILE, 'no good signature by a key that is trusted');
    }
    return { signedBy, digest, envelope: { sha256: sha256Of(bytes), sizeBytes: bytes.length } };
  } catch (thrown) {
    const { detail } = toFailure(thrown);
    say('model/signature', ENVELOPE_FILE, detail);
    return { signedBy: [] };
  }
}

/** What an envelope lists, and the name of the package by it. @throws {Failure} model/signature, model/document */
export function openEnvelope(bytes: Uint8Array): { envelope: Envelope; digest: string; listed: Digests } {
  const envelope = readEnvelope(parsed(bytes));
  const listed = listedIn(envelope);
  return { envelope, listed, digest: sha256Of(Buffer.from(envelope.payload, 'base64')) };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new Failure('model/document', 'no JSON in UTF-8', { cause });
  }
}

async function checkManifest({ files, read: readAgain }: Source, say: Say): Promise<Manifest | undefined> {
  const file = files.get(MANIFEST_FILE);
  if (file === undefined) return say('model/manifest', MANIFEST_FILE, 'is missing');
  if (file.sizeBytes > PACKAGE_LIMITS.jsonBytes) return say('model/limit', MANIFEST_FILE, 'too long');
  try {
    const read = readManifest(parsed(await readAgain(MANIFEST_FILE, PACKAGE_LIMITS.jsonBytes)));
    if ('manifest' in read) return read.manifest;
    for (const { at, what } of read.breaches) say('model/manifest', `${MANIFEST_FILE}#${at}`, what);
  } catch (thrown) {
    say('model/manifest', MANIFEST_FILE, toFailure(thrown).detail);
  }
  return undefined;
}

async function checkArtifact(manifest: Manifest, { files, read }: Source, say: Say): Promise<Uint8Array | undefined> {
  const { file, sha256, sizeBytes, opset, ops } = manifest.artifact;
  const found = files.get(file);
  if (found === undefined) return say('model/manifest', file, 'the model is missing');
  if (found.sha256 !== sha256) say('model/digest', file, 'not the bytes that the manifest names');
  if (found.sizeBytes !== sizeBytes) say('model/manifest', file, `${found.sizeBytes} bytes, not ${sizeBytes}`);
  const names = (of: readonly { name: string }[]): string[] => of.map(({ name }) => name);
  const claim = { file, opset, domains: ops, inputs: names(manifest.inputs), outputs: names(manifest.outputs) };
  try {
    const bytes = await read(file, PACKAGE_LIMITS.fileBytes);
    for (const { code, where, what } of checkOnnx(readOnnx(bytes), claim)) say(code, where, what);
    return bytes;
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    say(code, file, detail);
    return undefined;
  }
}

/** What the manifest names has a use; beside it only what nothing could run. */
function checkKinds(manifest: Manifest, files: Files, say: Say): void {
  const documents = DOCUMENTS.flatMap((kind) => manifest[kind] ?? []);
  const named = new Set([manifest.artifact.file, ...documents, ...manifest.golden.flatMap(({ dicom }) => dicom)]);
  for (const path of files.keys()) {
    if (isStray(path, named)) say('model/executable', path, 'no kind of file that a package has, and no use for it');
  }
}

async function checkDocuments(manifest: Manifest, { files, read }: Source, say: Say): Promise<void> {
  for (const { dicom } of manifest.golden) {
    for (const path of dicom) if (!files.has(path)) say('model/document', path, 'a golden case is missing');
  }
  for (const kind of DOCUMENTS) {
    const path = manifest[kind];
    if (path === undefined) continue;
    if (!files.has(path)) {
      say('model/document', path, `the ${kind} is missing`);
      continue;
    }
    try {
      const bytes = await read(path, PACKAGE_LIMITS.jsonBytes);
      for (const what of lacksOf(kind, parsed(bytes))) say('model/document', path, what);
    } catch (thrown) {
      say('model/document', path, toFailure(thrown).detail);
    }
  }
  const told = new Set(DOCUMENTS.flatMap((kind) => manifest[kind] ?? []));
  for (const [path, { sizeBytes }] of files) {
    // Of a document that is none it has been said.
    const sayOnce: Say = (code, where, what) =>
      code === 'model/document' && told.has(where) ? undefined : say(code, where, what);
    if (path.endsWith('.json')) await checkJson(path, sizeBytes, read, sayOnce);
  }
}

/** Every JSON file is read: what is too long or none could hide what MONAI executes from us, not from MONAI. */
async function checkJson(path: string, sizeBytes: number, read: Source['read'], say: Say): Promise<void> {
  if (sizeBytes > PACKAGE_LIMITS.jsonBytes) return say('model/limit', path, `${sizeBytes} bytes of JSON`);
  try {
    const found = monaiExpressionIn(parsed(await read(path, PACKAGE_LIMITS.jsonBytes)));
    if (found !== undefined) say('model/executable', path, found);
  } catch (thrown) {
    say('model/document', path, toFailure(thrown).detail);
  }
}
