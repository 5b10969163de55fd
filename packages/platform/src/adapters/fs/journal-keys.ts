import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { isKey, messageOf } from '@acervo/kernel/journal/signature.ts';
import type { JournalKeyFiles, Signer } from '../../ports/journal-keys.ts';

/**
 * Keys as files of the data directory; or one that the operator keeps.
 * @param folder  of the data directory
 * @param given   a file of the operator's instead
 */
export function journalKeyFiles(folder: string, given: string | undefined): JournalKeyFiles {
  const present = join(folder, 'journal.key');
  const next = join(folder, 'journal.next.key');
  return {
    signers: () => {
      if (given !== undefined) return [signerOf(given)];
      const first = signerIn(present) ?? made(present);
      const second = signerIn(next);
      return second === undefined ? [first] : [first, second];
    },
    stage: () => signerIn(next) ?? made(next),
    promote: () => {
      renameSync(next, present);
      syncFolder(folder);
    },
  };
}

/** A key pair in a file, made where the file is missing. */
export function keptSigner(path: string): { signer: Signer; isNew: boolean } {
  const there = signerIn(path);
  return there === undefined ? { signer: made(path), isNew: true } : { signer: there, isNew: false };
}

/** @throws {Failure} config/invalid when there is no file, or none of an Ed25519 key */
export function signerOf(path: string): Signer {
  const signer = signerIn(path);
  if (signer === undefined) throw new Failure('config/invalid', `${path}: there is no such file`);
  return signer;
}

function signerIn(path: string): Signer | undefined {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw new Failure('config/invalid', `${path} cannot be read`, { cause: thrown });
  }
  try {
    return signerBy(createPrivateKey(pem));
  } catch (cause) {
    throw new Failure('config/invalid', `${path} holds no Ed25519 private key in PEM`, { cause });
  }
}

function signerBy(key: KeyObject): Signer {
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  if (key.asymmetricKeyType !== 'ed25519' || !isKey(x)) throw new TypeError('another kind of key');
  return { key: x, sign: (what, value) => sign(undefined, messageOf(what, value), key).toString('base64url') };
}

/** Whole or not there, whoever else makes one in the same moment: then theirs counts. */
function made(path: string): Signer {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const draft = `${path}.${newId()}`;
  const file = openSync(draft, 'wx', 0o600);
  writeSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(draft, path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
  } finally {
    rmSync(draft);
  }
  syncFolder(dirname(path));
  return signerOf(path);
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
