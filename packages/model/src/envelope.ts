import { concat, hexOf, latin1Bytes, latin1Text } from '@acervo/kernel/bytes.ts';
import { canonicalJson } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { dictionary, list, type Of, object, oneOf, text } from './shape.ts';

/** Where the envelope lies in a package; the one file that it does not name. */
export const ENVELOPE_FILE = 'paquete.dsse.json';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
const PREDICATE_TYPE = 'urn:mx.imagen.paquete:v1';
const FILES_MAX = 4096;

/** SHA-256 of each file of a package, in hexadecimal, by its path. */
export type Digests = ReadonlyMap<string, string>;

/** Makes and checks signatures of Ed25519 (RFC 8032); the key is the owner's. */
export type Signer = { keyId: string; sign(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> };
export type Verifier = {
  keyId: string;
  verify(signature: Uint8Array<ArrayBuffer>, bytes: Uint8Array<ArrayBuffer>): Promise<boolean>;
};

const envelopeShape = object(
  {
    payloadType: oneOf(PAYLOAD_TYPE),
    payload: text({ pattern: /^[A-Za-z0-9+/]+={0,2}$/, most: 2 ** 22 }),
    signatures: list(
      object({ keyid: text({ pattern: /^[0-9a-f]{64}$/ }), sig: text({ pattern: /^[A-Za-z0-9+/]{86}==$/ }) }, {}),
      1,
      16,
    ),
  },
  {},
);
export type Envelope = Of<typeof envelopeShape>;

const statementShape = object(
  {
    _type: oneOf(STATEMENT_TYPE),
    predicateType: oneOf(PREDICATE_TYPE),
    predicate: object({}, {}),
    subject: list(object({ name: text({ most: 500 }), digest: dictionary(text(), 1) }, {}), 1, FILES_MAX),
  },
  {},
);

/** The key as it is called in envelopes: SHA-256 of its SubjectPublicKeyInfo. */
export async function keyIdOf(publicKey: CryptoKey): Promise<string> {
  const spki = await crypto.subtle.exportKey('spki', publicKey);
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', spki)));
}

export async function ed25519Signer(privateKey: CryptoKey, publicKey: CryptoKey): Promise<Signer> {
  return {
    keyId: await keyIdOf(publicKey),
    sign: async (bytes) => new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes)),
  };
}

export async function ed25519Verifier(publicKey: CryptoKey): Promise<Verifier> {
  return {
    keyId: await keyIdOf(publicKey),
    verify: (signature, bytes) => crypto.subtle.verify('Ed25519', publicKey, signature, bytes),
  };
}

/** One signed list of every file of a package (DSSE 1.0 over an in-toto statement in canonical JSON). */
export async function sealed(digests: Digests, signer: Signer): Promise<Envelope> {
  const subject = [...digests]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, sha256]) => ({ name, digest: { sha256 } }));
  const statement = { _type: STATEMENT_TYPE, predicateType: PREDICATE_TYPE, predicate: {}, subject };
  const payload = new TextEncoder().encode(canonicalJson(statement));
  const signature = await signer.sign(preAuthentication(payload));
  return {
    payloadType: PAYLOAD_TYPE,
    payload: base64(payload),
    signatures: [{ keyid: signer.keyId, sig: base64(signature) }],
  };
}

/** @throws {Failure} model/signature where it is none */
export function readEnvelope(value: unknown): Envelope {
  const said: string[] = [];
  const envelope = envelopeShape.read(value, '', (at, what) => void said.push(`${at} ${what}`));
  if (envelope === undefined) throw new Failure('model/signature', `no DSSE envelope: ${said.slice(0, 3).join('; ')}`);
  return envelope;
}

/**
 * What the envelope lists, whoever signed it.
 * @throws {Failure} model/signature for another statement, a file named twice, or text that is not canonical
 */
export function listedIn(envelope: Envelope): Digests {
  const payload = fromBase64(envelope.payload);
  const source = new TextDecoder().decode(payload);
  const parsed = parsedJson(source);
  const said: string[] = [];
  const statement = statementShape.read(parsed, '', (at, what) => void said.push(`${at} ${what}`));
  if (statement === undefined) throw new Failure('model/signature', `no statement: ${said.slice(0, 3).join('; ')}`);
  if (canonicalJson(statement) !== source) throw new Failure('model/signature', 'the statement is not canonical JSON');
  const digests = new Map<string, string>();
  for (const { name, digest } of statement.subject) {
    const sha256 = digest['sha256'];
    if (sha256 === undefined || digests.has(name)) throw new Failure('model/signature', `${name}: no digest, or two`);
    digests.set(name, sha256);
  }
  return digests;
}

/**
 * Whose signatures are good.
 * @returns the key ids, each once
 */
export async function signersOf(envelope: Envelope, trusted: readonly Verifier[]): Promise<string[]> {
  const bytes = preAuthentication(fromBase64(envelope.payload));
  const good = new Set<string>();
  for (const { keyid, sig } of envelope.signatures) {
    const verifier = trusted.find(({ keyId }) => keyId === keyid);
    if (verifier !== undefined && (await verifier.verify(fromBase64(sig), bytes))) good.add(keyid);
  }
  return [...good];
}

/** PAE of DSSE: what is signed says its own type and length. */
function preAuthentication(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  return new Uint8Array(concat([new TextEncoder().encode(head), payload]));
}

const base64 = (bytes: Uint8Array): string => btoa(latin1Text(bytes));

function fromBase64(value: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(latin1Bytes(atob(value)));
  } catch (cause) {
    throw new Failure('model/signature', 'not base64', { cause });
  }
}

function parsedJson(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch (cause) {
    throw new Failure('model/signature', 'the payload is no JSON', { cause });
  }
}
