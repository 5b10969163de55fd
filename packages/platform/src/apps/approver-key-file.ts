import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import { keyName } from '@acervo/model/lifecycle/approval.ts';
import { z } from 'zod';
import { readPrivateFile } from './private-file.ts';

/** RFC 7914, with the cost that OWASP asks for; 128 MiB for a moment. */
const SCRYPT = { N: 131_072, r: 8, p: 1, maxmem: 256 * 2 ** 20 } as const;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const PASSPHRASE_CHARS_MIN = 12;

const text = z.string().max(1000);
const FILE = z.strictObject({ v: z.literal(1), public: text, salt: text, nonce: text, sealed: text });

export type ApproverKey = { name: string; privateKey: CryptoKey };

/**
 * Make a key for approving models, in a file that only its owner can read and only who knows the passphrase can use.
 * @returns the key, as `openApproverKey` does
 * @throws {Failure} request/invalid for a short passphrase, or where the file is there
 */
export async function makeApproverKey(path: string, passphrase: string): Promise<ApproverKey> {
  if (passphrase.length < PASSPHRASE_CHARS_MIN) {
    throw new Failure('request/invalid', `a passphrase of ${PASSPHRASE_CHARS_MIN} characters at least`);
  }
  const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  const name = await keyName(pair.publicKey);
  const secret = new Uint8Array(await crypto.subtle.exportKey('pkcs8', pair.privateKey));
  const [salt, nonce] = [randomBytes(KEY_BYTES), randomBytes(NONCE_BYTES)];
  const cipher = createCipheriv('aes-256-gcm', scryptSync(passphrase, salt, KEY_BYTES, SCRYPT), nonce);
  cipher.setAAD(Buffer.from(name));
  const sealed = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  const told = { v: 1, public: name, salt: salt.toString('base64'), nonce: nonce.toString('base64') };
  try {
    writeFileSync(path, `${JSON.stringify({ ...told, sealed: sealed.toString('base64') })}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (cause) {
    throw new Failure('request/invalid', `${path}: not written, or there already`, { cause });
  }
  return { name, privateKey: await keptFrom(secret) };
}

/** Not to be taken out again. */
const keptFrom = (pkcs8: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']);

/** @throws {Failure} request/invalid for another passphrase or another file; config/invalid where others read it */
export async function openApproverKey(path: string, passphrase: string): Promise<ApproverKey> {
  const source = readPrivateFile(path, '--key');
  try {
    const { public: name, salt, nonce, sealed } = FILE.parse(JSON.parse(source));
    const key = scryptSync(passphrase, Buffer.from(salt, 'base64'), KEY_BYTES, SCRYPT);
    const bytes = Buffer.from(sealed, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'));
    decipher.setAAD(Buffer.from(name));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    const secret = Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
    return { name, privateKey: await keptFrom(new Uint8Array(secret)) };
  } catch (cause) {
    throw new Failure('request/invalid', `${path}: another passphrase, or no key of an approver`, { cause });
  }
}
