import { verify, type X509Certificate } from 'node:crypto';
import { hexOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { type Der, derOf, oidOf, TAG, timeOf } from './der.ts';

/** A certificate revocation list (RFC 5280 5), signed by an authority that is trusted. */
export type Crl = {
  issuer: string;
  thisUpdateMs: number;
  /** Undefined: its authority does not say when the next one comes. */
  nextUpdateMs: number | undefined;
  /** Serial numbers, hex. */
  revoked: ReadonlySet<string>;
};

const PEM = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;
/** Digest of each signature algorithm; the key says the rest. Undefined: the algorithm has its own (Ed25519). */
const DIGESTS: Readonly<Record<string, string | undefined>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': undefined,
};
const CONTEXT_0 = 0xa0;
/** Issuing Distribution Point and Delta CRL Indicator: such a list does not tell of every certificate. */
const PARTIAL: readonly string[] = ['2.5.29.28', '2.5.29.27'];

/**
 * The lists of a PEM file.
 * @throws {Failure} config/invalid where one is malformed, partial, or not signed by one of these authorities
 */
export function readCrls(pem: string, authorities: readonly X509Certificate[]): Crl[] {
  const lists = [...pem.matchAll(PEM)].map(([, base64 = '']) => readCrl(Buffer.from(base64, 'base64'), authorities));
  if (lists.length === 0) throw new Failure('config/invalid', 'no CRL in PEM');
  return lists;
}

function readCrl(der: Uint8Array, authorities: readonly X509Certificate[]): Crl {
  try {
    const [list] = derOf(der);
    const [signed, algorithm, signature] = derOf((list as Der).content);
    if (signed === undefined || algorithm === undefined || signature === undefined) throw new RangeError('cut');
    const crl = listOf(signed);
    const signer = authorities.find((each) => isOf(each, crl.issuer) && isSigned(signed, algorithm, signature, each));
    if (signer === undefined) throw new RangeError('signed by none of the authorities that are trusted');
    return crl;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    throw new Failure('config/invalid', `CRL: ${thrown.message}`, { cause: thrown });
  }
}

/** TBSCertList: version, signature, issuer, thisUpdate, nextUpdate, revokedCertificates, crlExtensions. */
function listOf(signed: Der): Crl {
  const fields = derOf(signed.content);
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [, issuer, thisUpdate, ...rest] = fields;
  if (issuer === undefined || thisUpdate === undefined) throw new RangeError('cut');
  const isTime = (der: Der | undefined): der is Der => der?.tag === TAG.utcTime || der?.tag === TAG.generalizedTime;
  const nextUpdate = isTime(rest[0]) ? rest.shift() : undefined;
  const entries = rest[0]?.tag === TAG.sequence ? derOf(rest[0].content) : [];
  const extensions = rest.find(({ tag }) => tag === CONTEXT_0);
  if (extensions !== undefined) refusePartial(extensions);
  return {
    issuer: hexOf(issuer.whole),
    thisUpdateMs: timeOf(thisUpdate),
    nextUpdateMs: nextUpdate && timeOf(nextUpdate),
    revoked: new Set(entries.map(({ content }) => serialHex((derOf(content)[0] as Der).content))),
  };
}

function refusePartial(extensions: Der): void {
  const [all] = derOf(extensions.content);
  for (const extension of derOf((all as Der).content)) {
    const [name] = derOf(extension.content);
    if (name !== undefined && PARTIAL.includes(oidOf(name))) throw new RangeError('a partial or delta list');
  }
}

function isSigned(signed: Der, algorithm: Der, signature: Der, authority: X509Certificate): boolean {
  const [oid] = derOf(algorithm.content);
  const name = oid === undefined ? '' : oidOf(oid);
  if (!Object.hasOwn(DIGESTS, name)) throw new RangeError(`signature algorithm ${name}`);
  // The first byte of a BIT STRING counts the unused bits, of which a signature has none.
  return verify(DIGESTS[name] ?? null, signed.whole, authority.publicKey, signature.content.subarray(1));
}

type Names = { issuer: string; subject: string; serial: string };

/** What stands in a certificate before its dates, as bytes: names are compared as their authority wrote them. */
function namesOf(certificate: X509Certificate): Names {
  const [outer] = derOf(certificate.raw);
  const [signed] = derOf((outer as Der).content);
  const fields = derOf((signed as Der).content);
  if (fields[0]?.tag === CONTEXT_0) fields.shift();
  const [serial, , issuer, , subject] = fields;
  if (serial === undefined || issuer === undefined || subject === undefined) throw new RangeError('certificate cut');
  return { serial: serialHex(serial.content), issuer: hexOf(issuer.whole), subject: hexOf(subject.whole) };
}

const isOf = (authority: X509Certificate, issuer: string): boolean => namesOf(authority).subject === issuer;

/** A sign byte of zero counts for nothing. */
const serialHex = (content: Uint8Array): string => hexOf(content).replace(/^(00)+(?=.)/, '');

/** Whether a list names this certificate; undefined where no list is of its issuer. */
export function isRevoked(certificate: X509Certificate, crls: readonly Crl[]): boolean | undefined {
  const { issuer, serial } = namesOf(certificate);
  const lists = crls.filter((crl) => crl.issuer === issuer);
  return lists.length === 0 ? undefined : lists.some(({ revoked }) => revoked.has(serial));
}
