import { latin1Bytes } from '@acervo/kernel/bytes.ts';

/** A function has a limit of arguments. */
const CHUNK_BYTES = 8192;

/** Base64 with padding (RFC 4648 4). */
export function base64Text(bytes: Uint8Array): string {
  let text = '';
  // Not `latin1Text`: spreading the bytes takes four times as long as applying them, and headers carry a lot.
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    text += Reflect.apply(String.fromCharCode, null, bytes.subarray(at, at + CHUNK_BYTES));
  }
  return btoa(text);
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** The bytes of a base64 text, padding required and no blanks; undefined for any other text. */
export function base64Bytes(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return undefined;
  return latin1Bytes(atob(text));
}
