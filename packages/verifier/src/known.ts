import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isKey } from '@acervo/kernel/journal/signature.ts';
import type { Known } from './journal.ts';

/**
 * What was given on a command line: files of checkpoints, public keys, and witnesses as NAME=KEY.
 * @throws {Error} for what cannot be understood
 */
export function knownOf(given: {
  checkpoint: readonly string[];
  key: readonly string[];
  witness: readonly string[];
}): Known {
  return {
    checkpoints: given.checkpoint,
    keys: given.key.map(publicKeyOf),
    witnesses: given.witness.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Error(`a witness is NAME=KEY, not ${text}`);
      return { name: text.slice(0, at), key: publicKeyOf(text.slice(at + 1)) };
    }),
  };
}

/** A public key in its own text, or from a file: that text, or PEM. */
export function publicKeyOf(text: string): string {
  if (isKey(text)) return text;
  const content = readFileSync(text, 'utf8').trim();
  const key = content.startsWith('-----') ? createPublicKey(content).export({ format: 'jwk' }).x : content;
  if (!isKey(key)) throw new Error(`${text} holds no Ed25519 public key`);
  return key;
}
