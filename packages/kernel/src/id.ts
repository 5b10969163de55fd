import { hexOf } from './bytes.ts';

/**
 * UUID version 7 (RFC 9562 5.7): 48 bits of milliseconds, then random bits; text order is time order to
 * the millisecond. Ids of journal events, operations and writers.
 */
export function newId(nowMs: number = Date.now()): string {
  const bytes = randomBytes16();
  let rest = nowMs;
  for (let index = 5; index >= 0; index--) {
    bytes[index] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  return uuidText(bytes);
}

/** Ids are made in the hundreds a second, and the system's source costs as much for 16 bytes as for thousands. */
const pool = new Uint8Array(4096);
let used = pool.length;

/** Sixteen random bytes; a view that the caller may write to, never given twice. */
function randomBytes16(): Uint8Array {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  used += 16;
  return pool.subarray(used - 16, used);
}

/** The text form of 16 bytes as a UUID. */
export function uuidText(bytes: Uint8Array): string {
  const hex = hexOf(bytes.subarray(0, 16));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Is it the text of a UUID, in the one way that ids are written here? */
export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** An institution's code: it names folders in packs and stands in URLs, so its alphabet is small. */
const INSTITUTION = /^[A-Z0-9][A-Z0-9._-]{0,23}$/;

export function isInstitution(code: string): boolean {
  return INSTITUTION.test(code);
}
