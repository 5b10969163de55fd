import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Seals what must be kept and not be read: by a key of its own for each use. */
export type SecretBox = {
  seal(use: string, plain: Uint8Array): Buffer;
  /** @returns undefined for what was not sealed by this key for this use */
  open(use: string, sealed: Uint8Array): Buffer | undefined;
  /** The same, as text for a cookie or a form. */
  sealText(use: string, value: object): string;
  openText(use: string, text: string): unknown;
};

export function secretBox(key: Uint8Array): SecretBox {
  const keyOf = (use: string): Buffer => keyFor(key, `acervo box ${use}`);
  const seal: SecretBox['seal'] = (use, plain) => {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, keyOf(use), nonce);
    return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  };
  const open: SecretBox['open'] = (use, sealed) => {
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(ALGORITHM, keyOf(use), sealed.subarray(0, NONCE_BYTES));
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined; // The tag does not fit: it is not ours, or somebody touched it.
    }
  };
  return {
    seal,
    open,
    sealText: (use, value) => seal(use, Buffer.from(JSON.stringify(value))).toString('base64url'),
    openText: (use, text) => {
      const plain = open(use, Buffer.from(text, 'base64url'));
      return plain === undefined ? undefined : (JSON.parse(plain.toString()) as unknown);
    },
  };
}

/** A key of its own for each purpose, of the one that is kept (RFC 5869). */
export const keyFor = (key: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', purpose, KEY_BYTES));
