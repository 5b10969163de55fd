import { latin1Bytes } from '../bytes.ts';
import { canonicalJson, type Json } from '../canonical-json.ts';

/** What a signature of ours can be of. It stands before what is signed: none can pass for another. */
export type Signed = 'checkpoint' | 'witness' | 'key' | 'bundle' | 'case-file';

/** The bytes that are signed: what it is, then the canonical text of the value. */
export const messageOf = (what: Signed, value: Json): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`acervo ${what} v1\n${canonicalJson(value)}`);

const KEY = /^[A-Za-z0-9_-]{43}$/;
const SIGNATURE = /^[A-Za-z0-9_-]{86}$/;

/** A public key: the 32 bytes of Ed25519 (RFC 8032) in base64url. It is its own name. */
export const isKey = (text: unknown): text is string => typeof text === 'string' && KEY.test(text);
export const isSignature = (text: unknown): text is string => typeof text === 'string' && SIGNATURE.test(text);

/** Whether a key signed a value as what it is (Ed25519). A key or signature of another form has signed nothing. */
export async function isSigned(what: Signed, value: Json, key: string, signature: string): Promise<boolean> {
  if (!isKey(key) || !isSignature(signature)) return false;
  try {
    const imported = await importKey(key);
    return await crypto.subtle.verify('Ed25519', imported, bytesOf(signature), messageOf(what, value));
  } catch (thrown) {
    // 32 bytes that are no point of the curve: the runtime refuses them in words of its own.
    if (thrown instanceof Error) return false;
    throw thrown;
  }
}

/** The key of the last question: checkpoints come in thousands from one. */
let known: { key: string; imported: Promise<CryptoKey> } | undefined;

function importKey(key: string): Promise<CryptoKey> {
  if (known?.key !== key) {
    known = { key, imported: crypto.subtle.importKey('raw', bytesOf(key), 'Ed25519', true, ['verify']) };
  }
  return known.imported;
}

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(latin1Bytes(atob(base64url.replaceAll('-', '+').replaceAll('_', '/'))));
