import { latin1Bytes, latin1Text } from '@acervo/kernel/bytes.ts';
import { canonicalJson, isCanonical, type Json } from '@acervo/kernel/canonical-json.ts';
import { integer, nullable, type Of, object, oneOf, type Shape, text } from '../shape.ts';
import type { Digest, Digests } from './evidence.ts';
import { type Finding, refused } from './rules.ts';
import { NATIONAL_STATES, SITE_STATES, type State } from './states.ts';

export const APPROVAL_TYPE = 'aprobacion/v1';
/** Longest text that is looked at. */
export const APPROVAL_CHARS_MAX = 8192;
/** What is signed says what it is, so that no signature passes for another one (as checkpoints do, 0032). */
const PREFIX = 'acervo aprobacion v1\n';
const ENROLMENT_PREFIX = 'acervo llave de aprobador v1\n';

const hex = text({ pattern: /^sha256:[0-9a-f]{64}$/ });
const digest: Shape<Digest> = {
  schema: hex.schema,
  read: (value, at, say) => hex.read(value, at, say) as Digest | undefined,
};
const state = oneOf<State>(...NATIONAL_STATES, ...SITE_STATES);
const institution = text({ pattern: /^(\*|[A-Z0-9._-]{1,24})$/ });
const moment = text({ pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/ });
const uuid = text({ pattern: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/ });

const approvalShape = object(
  {
    t: oneOf(APPROVAL_TYPE),
    paquete: digest,
    modelo: digest,
    manifiesto: digest,
    umbrales: digest,
    riesgo: digest,
    plan: nullable(digest),
    banco: nullable(digest),
    informe: nullable(digest),
    /** From the one state, named first, to the other. */
    de: state,
    a: state,
    /** Null: for the nation. */
    sitio: nullable(institution),
    /** Of limited use: share of the studies. */
    porcentaje: nullable(integer(1, 99)),
    rol: oneOf(
      'validator',
      'authority',
      'data-protection-officer',
      'regulatory-liaison',
      'site-chief',
      'medical-physicist',
    ),
    persona: uuid,
    /** Where the role is held; `*`: for the nation. */
    institucion: institution,
    /** `ninguno`, or what there is, in words. */
    conflicto: text({ most: 1000 }),
    /** The moment itself is outside. */
    vence: moment,
    nonce: text({ pattern: /^[0-9A-Za-z_-]{22,64}$/ }),
  },
  {},
);
export type Approval = Of<typeof approvalShape>;

export const NO_CONFLICT = 'ninguno';

/** As it came: the text that was signed, to the byte. */
export type Signed = {
  text: string;
  /** Ed25519, base64url. */
  signature: string;
  /** The public key itself, 32 bytes as base64url, is its name. */
  key: string;
};

/** The text that a person signs. @throws {TypeError} where a text has a lone surrogate */
export const approvalText = (approval: Approval): string => canonicalJson(approval);

/**
 * What was signed, or why it does not count: any other byte voids it.
 * A text that is not the canonical one of its content is refused: two texts would say the same.
 */
export async function readApproval({ text: source, signature, key }: Signed): Promise<Approval | Finding> {
  const approval = source.length <= APPROVAL_CHARS_MAX ? approvalIn(source) : undefined;
  if (!(await verify(key, signature, PREFIX + source))) return refused('G04/altered');
  return approval ?? refused('G04/malformed');
}

export const isApproval = (read: Approval | Finding): read is Approval => !('outcome' in read);

function approvalIn(source: string): Approval | undefined {
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch {
    return undefined; // The caller says so.
  }
  const approval = approvalShape.read(value, '', () => undefined);
  return approval !== undefined && isCanonical(source, value as Json) ? approval : undefined;
}

/** @returns the signature, base64url */
export const signApproval = (source: string, privateKey: CryptoKey): Promise<string> =>
  sign(privateKey, PREFIX + source);

/** What a person signs to show that it has the key that it enrols. */
export type Possession = { persona: string; llave: string; momento: string };
export const possessionText = (possession: Possession): string => ENROLMENT_PREFIX + canonicalJson(possession);
export const provePossession = (possession: Possession, privateKey: CryptoKey): Promise<string> =>
  sign(privateKey, possessionText(possession));
export const isPossessed = (possession: Possession, signature: string): Promise<boolean> =>
  verify(possession.llave, signature, possessionText(possession));

async function sign(privateKey: CryptoKey, source: string): Promise<string> {
  const bytes = new TextEncoder().encode(source);
  return base64Url(new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, bytes)));
}

async function verify(key: string, signature: string, source: string): Promise<boolean> {
  const [publicBytes, signatureBytes] = [fromBase64Url(key, 32), fromBase64Url(signature, 64)];
  if (publicBytes === undefined || signatureBytes === undefined) return false;
  try {
    const known = await crypto.subtle.importKey('raw', publicBytes, 'Ed25519', true, ['verify']);
    return await crypto.subtle.verify('Ed25519', known, signatureBytes, new TextEncoder().encode(source));
  } catch {
    return false; // 32 bytes that are no point of the curve: nobody's key.
  }
}

/** How a public key is called everywhere: 43 characters. */
export async function keyName(publicKey: CryptoKey): Promise<string> {
  return base64Url(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
}

export const digestOf = async (source: string): Promise<Digest> => {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(source)));
  return `sha256:${[...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
};

/** What an approval is about, without who approves. */
export type Subject = {
  digests: Digests;
  from: State;
  to: State;
  site: string | null;
  percentage: number | null;
};

export function isAbout(approval: Approval, { digests, from, to, site, percentage }: Subject): boolean {
  const names = Object.keys(digests) as (keyof Digests)[];
  return (
    names.every((name) => approval[name] === digests[name]) &&
    approval.de === from &&
    approval.a === to &&
    approval.sitio === site &&
    approval.porcentaje === percentage
  );
}

const base64Url = (bytes: Uint8Array): string =>
  btoa(latin1Text(bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');

/** One text for one value: what has unused bits set is refused. */
function fromBase64Url(source: string, length: number): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[0-9A-Za-z_-]{1,100}$/.test(source)) return undefined;
  const bytes = new Uint8Array(latin1Bytes(atob(source.replaceAll('-', '+').replaceAll('_', '/'))));
  return bytes.length === length && base64Url(bytes) === source ? bytes : undefined;
}
