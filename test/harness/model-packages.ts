import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519Signer, type Signer } from '@acervo/model/envelope.ts';
import { packageFolder } from '@acervo/platform/adapters/fs/package-folder.ts';
import { PIXEL_LIMITS, PixelPool } from '@acervo/platform/adapters/pixel/pool.ts';
import { demoPackages } from '@acervo/platform/apps/demo/models/build.ts';
import { packModel } from '@acervo/platform/features/models/pack.ts';

/** The files of a package by their paths. */
export type Files = Map<string, Uint8Array>;
export type Author = { signer: Signer; pem: string };

export async function authorOf(): Promise<Author> {
  const pair = generateKeyPairSync('ed25519');
  const der = (key: 'publicKey' | 'privateKey', type: 'spki' | 'pkcs8') =>
    new Uint8Array(pair[key].export({ format: 'der', type } as { format: 'der'; type: 'spki' }) as Buffer);
  const { subtle } = crypto;
  const publicKey = await subtle.importKey('spki', der('publicKey', 'spki'), 'Ed25519', true, ['verify']);
  const privateKey = await subtle.importKey('pkcs8', der('privateKey', 'pkcs8'), 'Ed25519', false, ['sign']);
  const pem = pair.publicKey.export({ format: 'pem', type: 'spki' }).toString();
  return { signer: await ed25519Signer(privateKey, publicKey), pem };
}

/** One of the demo's models, that of radiographs unless said: a sound package, not signed. */
export async function soundFiles(of: 'cr-opacidad' | 'tc-densidad' = 'cr-opacidad'): Promise<Files> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  const packages = await demoPackages(imaging).finally(() => imaging.close());
  const found = packages.find(({ name }) => name === of);
  if (found === undefined) throw new Error('the demo has no such model');
  return new Map(found.files);
}

/** The files of a folder after its author signed them. */
export async function signedFiles(folder: string, files: Files, { signer }: Author): Promise<Files> {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of files) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  const source = packageFolder(folder);
  await packModel(source, signer);
  const all: Files = new Map();
  for (const { path } of await source.list(10_000)) all.set(path, await source.read(path, 2 ** 30));
  return all;
}

/** `findings`: each as its code and where it was found; of a failure without any, its code. */
export type Answered = { status: number; findings: string[]; body: string };

/** Submit files, each a part of a form. */
export function submitForm(http: string, files: Files, headers: Record<string, string> = {}): Promise<Answered> {
  const form = new FormData();
  for (const [path, bytes] of files) form.append('file', new Blob([new Uint8Array(bytes)]), path);
  return answered(fetch(`${http}/api/models`, { method: 'POST', body: form, headers }));
}

export function submitZip(http: string, zip: Uint8Array, headers: Record<string, string> = {}): Promise<Answered> {
  const all = { ...headers, 'content-type': 'application/zip' };
  return answered(fetch(`${http}/api/models`, { method: 'POST', body: new Uint8Array(zip), headers: all }));
}

async function answered(asked: Promise<Response>): Promise<Answered> {
  const response = await asked;
  const body = await response.text();
  type Told = { findings?: { code: string; where: string }[]; type?: string };
  const { findings = [], type = '' } = JSON.parse(body) as Told;
  const told = findings.map(({ code, where }) => `${code} ${where}`);
  return { status: response.status, findings: told.length > 0 ? told : [type.split(':').at(-1) ?? ''], body };
}
