import { randomInt } from 'node:crypto';
import { digestOf } from './cookie.ts';

const CODES = 10;
const CHARS = 12;
/** Without those that are taken for one another. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';

/** Codes that each stand once for the second factor, for whoever lost the telephone: about 59 bits each. */
export function newRecoveryCodes(): string[] {
  const word = (): string => Array.from({ length: CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: CODES }, () => word().replace(/(.{4})(?=.)/g, '$1-'));
}

/** As a person types it: capitals, spaces and dashes count for nothing. */
export function recoveryDigest(typed: string): string | undefined {
  const plain = typed.toLowerCase().replace(/[\s-]/g, '');
  return plain.length === CHARS ? digestOf(`recovery ${plain}`) : undefined;
}
