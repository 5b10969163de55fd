import {
  argon2,
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';

/** The file of a backup that only who holds a passphrase, or a private key, can read. */
export const SECRETS = 'secrets.sealed';
const FORMAT = 'acervo-secrets';
const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES_MAX = 4096;
/** RFC 9106 4, second choice: 64 MiB, three passes. One file a backup, so it may take its time. */
const ARGON2 = { memory: 65_536, passes: 3, parallelism: 4 } as const;
const PASSPHRASE_CHARS_MIN = 12;
const INFO = 'acervo backup secrets v1';

/** To whom a backup is sealed. */
export type Recipient = { passphrase: string } | { publicKey: KeyObject };
/** By what it is opened. */
export type Opener = { passphrase: string } | { privateKey: KeyObject };

const BASE64URL = z.string().regex(/^[A-Za-z0-9_-]{16,128}$/);
const HEADER = z.strictObject({
  format: z.literal(FORMAT),
  v: z.literal(1),
  node: z.string().max(64),
  at: z.string().max(40),
  /** The content's key, sealed by one that follows from a passphrase, or from a key agreement. */
  wrapped: BASE64URL,
  by: z.discriminatedUnion('is', [
    z.strictObject({
      is: z.literal('argon2id'),
      salt: BASE64URL,
      // No file may ask for more than that of whoever opens it.
      memory: z.int().min(8192).max(1_048_576),
      passes: z.int().min(1).max(16),
      parallelism: z.int().min(1).max(16),
    }),
    z.strictObject({ is: z.literal('x25519'), ephemeral: BASE64URL }),
  ]),
});
type Header = z.infer<typeof HEADER>;

export type SealedOf = { node: string; at: string };

/**
 * Seal what must not lie in the clear: a key for this file alone seals the content, and is itself sealed for whoever
 * is to open it. The header is authenticated with the content (decision record 0040).
 * @throws {Failure} request/invalid for a passphrase that is too short
 */
export async function sealSecrets(plain: Uint8Array, of: SealedOf, to: Recipient): Promise<Buffer> {
  const key = randomBytes(KEY_BYTES);
  const { by, wrapping } = 'passphrase' in to ? await byPassphrase(to.passphrase) : byAgreement(to.publicKey);
  const wrapped = sealed(wrapping, key, Buffer.from(INFO)).toString('base64url');
  const header: Header = { format: FORMAT, v: 1, ...of, wrapped, by };
  const line = Buffer.from(`${JSON.stringify(header)}\n`);
  return Buffer.concat([line, sealed(key, plain, line)]);
}

/**
 * @throws {Failure} request/invalid where the passphrase or key is another one, or the file was touched: which of
 *   these cannot be told
 */
export async function openSecrets(bytes: Uint8Array, by: Opener): Promise<Buffer> {
  const { header, line } = headerOf(bytes);
  const wrapping = await wrappingOf(header, by);
  const key = opened(wrapping, Buffer.from(header.wrapped, 'base64url'), Buffer.from(INFO));
  const plain = key && opened(key, bytes.subarray(line.length), line);
  if (plain === undefined) {
    throw new Failure('request/invalid', `${SECRETS}: another passphrase or key, or the file is damaged`);
  }
  return plain;
}

/** As of when the secrets are, for whoever reads the header. @throws {Failure} request/invalid */
export const secretsAt = (bytes: Uint8Array): string => headerOf(bytes).header.at;

/** An X25519 key in PEM. @throws {Failure} request/invalid */
export function recipientOf(pem: string): KeyObject {
  return x25519Of('recipient', () => createPublicKey(pem));
}

/** @throws {Failure} request/invalid */
export function identityOf(pem: string): KeyObject {
  return x25519Of('identity', () => createPrivateKey(pem));
}

function x25519Of(what: string, read: () => KeyObject): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = read();
  } catch {
    key = undefined; // Its text may repeat some of the file.
  }
  if (key?.asymmetricKeyType === 'x25519') return key;
  throw new Failure('request/invalid', `the ${what} is no X25519 key in PEM (openssl genpkey -algorithm x25519)`);
}

const derive = promisify(argon2);

async function byPassphrase(passphrase: string): Promise<{ by: Header['by']; wrapping: Buffer }> {
  if ([...passphrase].length < PASSPHRASE_CHARS_MIN) {
    throw new Failure('request/invalid', `the passphrase has less than ${PASSPHRASE_CHARS_MIN} characters`);
  }
  const nonce = randomBytes(NONCE_BYTES + 4);
  const by = { is: 'argon2id' as const, salt: nonce.toString('base64url'), ...ARGON2 };
  return { by, wrapping: await stretched(passphrase, by) };
}

const stretched = (passphrase: string, { salt, memory, passes, parallelism }: Header['by'] & { is: 'argon2id' }) =>
  derive('argon2id', {
    message: passphrase.normalize('NFC'),
    nonce: Buffer.from(salt, 'base64url'),
    tagLength: KEY_BYTES,
    memory,
    passes,
    parallelism,
  });

/** A key pair of this file's own with the recipient's key (RFC 7748 6.1): only its private key finds the same. */
function byAgreement(recipient: KeyObject): { by: Header['by']; wrapping: Buffer } {
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const ephemeral = rawOf(publicKey);
  const wrapping = agreed(diffieHellman({ privateKey, publicKey: recipient }), ephemeral, rawOf(recipient));
  return { by: { is: 'x25519', ephemeral: ephemeral.toString('base64url') }, wrapping };
}

const agreed = (shared: Uint8Array, ephemeral: Uint8Array, recipient: Uint8Array): Buffer =>
  Buffer.from(hkdfSync('sha256', shared, Buffer.concat([ephemeral, recipient]), INFO, KEY_BYTES));

const rawOf = (key: KeyObject): Buffer => Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');

async function wrappingOf({ by }: Header, opener: Opener): Promise<Buffer> {
  if (by.is === 'argon2id') {
    if ('passphrase' in opener) return stretched(opener.passphrase, by);
    throw new Failure('request/invalid', `${SECRETS} is sealed by a passphrase: give --passphrase-file`);
  }
  if (!('privateKey' in opener)) {
    throw new Failure('request/invalid', `${SECRETS} is sealed for a public key: give --identity with its private key`);
  }
  const { privateKey } = opener;
  const ephemeral = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: by.ephemeral }, format: 'jwk' });
  const shared = diffieHellman({ privateKey, publicKey: ephemeral });
  return agreed(shared, rawOf(ephemeral), rawOf(createPublicKey(privateKey)));
}

function headerOf(bytes: Uint8Array): { header: Header; line: Uint8Array } {
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(0x0a);
  const line = bytes.subarray(0, end + 1);
  try {
    return { header: HEADER.parse(JSON.parse(Buffer.from(line).toString())), line };
  } catch (cause) {
    throw new Failure('request/invalid', `${SECRETS} is damaged, or of another version`, { cause });
  }
}

function sealed(key: Uint8Array, plain: Uint8Array, about: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce).setAAD(about);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function opened(key: Uint8Array, bytes: Uint8Array, about: Uint8Array): Buffer | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES)).setAAD(about);
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined; // The tag does not fit.
  }
}
