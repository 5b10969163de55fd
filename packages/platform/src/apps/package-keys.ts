import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { ed25519Signer, ed25519Verifier, type Signer, type Verifier } from '@acervo/model/envelope.ts';
import { bytesOf } from './commands/model-files.ts';

/** Whoever signs packages, by a private key in a file (PEM). @throws {Failure} config/invalid */
export async function signerIn(path: string): Promise<Signer> {
  const key = ed25519Key(path, createPrivateKey, await bytesOf(path));
  const der = key.export({ format: 'der', type: 'pkcs8' });
  const privateKey = await crypto.subtle.importKey('pkcs8', new Uint8Array(der), 'Ed25519', false, ['sign']);
  return ed25519Signer(privateKey, await publicKeyOf(createPublicKey(key)));
}

/** Whose signature counts, by a public key in a file (PEM). @throws {Failure} config/invalid */
export async function verifierIn(path: string): Promise<Verifier> {
  return ed25519Verifier(await publicKeyOf(ed25519Key(path, createPublicKey, await bytesOf(path))));
}

function ed25519Key(path: string, read: (pem: Buffer) => KeyObject, bytes: Uint8Array): KeyObject {
  try {
    const key = read(Buffer.from(bytes));
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch (cause) {
    throw new Failure('config/invalid', `${path} holds no key that can be read`, { cause });
  }
  throw new Failure('config/invalid', `${path} holds no Ed25519 key`);
}

const publicKeyOf = (key: KeyObject): Promise<CryptoKey> =>
  crypto.subtle.importKey('spki', new Uint8Array(key.export({ format: 'der', type: 'spki' })), 'Ed25519', true, [
    'verify',
  ]);
