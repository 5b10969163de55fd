import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** What sealed bytes are of, and nothing else: moved to another task, package or study they do not open. */
export type Bound = { task: string; package: string; studyUid: string };
/** `objects`: the file of a task; `said`: its row. */
export type Part = 'objects' | 'said';

export type SilentSeal = {
  seal(part: Part, of: Bound, plain: Uint8Array): Uint8Array;
  /** @returns undefined for what this key did not seal for this */
  open(part: Part, of: Bound, sealed: Uint8Array): Uint8Array | undefined;
};

/** AES-256-GCM (NIST SP 800-38D), a random nonce for each sealing: nonce, ciphertext, tag. @param key  32 bytes */
export function silentSeal(key: Uint8Array): SilentSeal {
  return {
    seal: (part, of, plain) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(ALGORITHM, key, nonce).setAAD(boundTo(part, of));
      return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    },
    open: (part, of, sealed) => {
      if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
      const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(boundTo(part, of)).setAuthTag(sealed.subarray(-TAG_BYTES));
      try {
        return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
      } catch {
        return undefined; // The tag does not fit: another key or task, or somebody touched it.
      }
    },
  };
}

/** No member can hold a line feed, so no two lists of them are one text. */
const boundTo = (part: Part, { task, package: of, studyUid }: Bound): Buffer =>
  Buffer.from(['acervo silent/1', part, task, of, studyUid].join('\n'));

export const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
