import { constants, createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SecureContextOptions, TLSSocket } from 'node:tls';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Log } from '../../ports/log.ts';
import { type Crl, isRevoked, readCrls } from './crl.ts';
import { profileOptions, type TlsProfile } from './tls-profile.ts';

/** PEM files. Who replaces one is followed; half of a replacement is not taken. */
export type TlsFiles = { certFile: string; keyFile: string; caFile: string | undefined; crlFile: string | undefined };

export type TlsPolicy = {
  profile: TlsProfile;
  /** What an expired CRL does: refuse everybody it would tell of, or go on with what it told last, under alarm. */
  crlExpired: 'refuse' | 'accept';
  /** Alarms begin this long before. */
  crlAlarmMs: number;
  certificateAlarmMs: number;
};

/** What an operator should know before it stops the archive. */
export type TlsHealth = {
  certificateExpiresMs: number;
  crlNextUpdateMs: number | undefined;
  alarms: readonly string[];
};

type Material = {
  digest: string;
  certificate: X509Certificate;
  crls: readonly Crl[];
  pem: { cert: string; key: string; ca: string | undefined; crl: string | undefined };
};

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const CHAIN_MAX = 16;

/** Our own certificate, the authorities that we trust, and what they have revoked, as the files are now. */
export class TlsKeys {
  readonly #files: TlsFiles;
  readonly #policy: TlsPolicy;
  readonly #log: Log;
  readonly #now: () => number;
  readonly #listeners: (() => void)[] = [];
  #material: Material;
  #applied: string;
  #failing = '';
  #alarms = '';

  /** @throws {Failure} config/invalid naming the file and what is wrong with it */
  constructor(files: TlsFiles, policy: TlsPolicy, log: Log, now: () => number = Date.now) {
    this.#files = files;
    this.#policy = policy;
    this.#log = log;
    this.#now = now;
    this.#material = readMaterial(files);
    this.#applied = this.#state();
    this.#tellAlarms();
  }

  /** Called when connections from now on are to be made with other keys; those that are open go on. */
  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Read the files again where they have changed. What cannot be read is logged, and what was read before applies. */
  reload(): void {
    try {
      const material = readMaterial(this.#files, this.#material);
      if (material !== this.#material) {
        this.#material = material;
        const { subject, validTo } = material.certificate;
        this.#log.info('tls.rotated', { subject: subject.replaceAll('\n', ' '), validTo });
      }
      this.#failing = '';
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      if (detail !== this.#failing) this.#log.error('tls.unreadable', { code, detail });
      this.#failing = detail;
    }
    this.#tellAlarms();
    if (this.#state() === this.#applied) return;
    this.#applied = this.#state();
    for (const listener of this.#listeners) listener();
  }

  /** Follow the files until the signal aborts. */
  async follow(wait: () => Promise<void>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await wait();
      if (!signal.aborted) this.reload();
    }
  }

  get health(): TlsHealth {
    const { certificate, crls } = this.#material;
    const nextUpdates = crls.map(({ nextUpdateMs }) => nextUpdateMs).filter((ms) => ms !== undefined);
    const crlNextUpdateMs = nextUpdates.length === 0 ? undefined : Math.min(...nextUpdates);
    const certificateExpiresMs = certificate.validToDate.getTime();
    const { crlAlarmMs, certificateAlarmMs, crlExpired } = this.#policy;
    const alarms: string[] = [];
    const say = (what: string, atMs: number | undefined, earlyMs: number, then: string): void => {
      if (atMs === undefined || this.#now() < atMs - earlyMs) return;
      const at = new Date(atMs).toISOString();
      alarms.push(this.#now() < atMs ? `${what} expires ${at}` : `${what} expired ${at}: ${then}`);
    };
    say('own certificate', certificateExpiresMs, certificateAlarmMs, 'peers will refuse it');
    const then = crlExpired === 'refuse' ? 'certificates are refused' : 'what it told last applies';
    say('CRL', crlNextUpdateMs, crlAlarmMs, then);
    return { certificateExpiresMs, crlNextUpdateMs, alarms };
  }

  /** For tls.createServer, setSecureContext and tls.connect. */
  options(): SecureContextOptions {
    const { cert, key, ca, crl } = this.#material.pem;
    return {
      ...profileOptions(this.#policy.profile),
      cert,
      key,
      ...(ca !== undefined && { ca }),
      ...(crl !== undefined && this.#isCrlEnforced() && { crl }),
      // A resumed session would be one whose certificate is not looked at again, revoked or not.
      secureOptions: constants.SSL_OP_NO_TICKET,
    };
  }

  /**
   * The certificate of the other side, or why it does not count. Its names are the caller's to compare. To be asked
   * once a connection: of the side that calls, Node has a peer's certificate only for the first who asks.
   */
  judge(socket: TLSSocket): X509Certificate | Failure {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return new Failure('tls/no-certificate', 'the peer showed none');
    const who = `${certificate.subject.replaceAll('\n', ' ')}, serial ${certificate.serialNumber}`;
    const error: unknown = socket.authorizationError;
    if (error) return new Failure(failureCode(errorCode(error)), `${errorCode(error)}: ${who}`);
    return (this.#isCrlEnforced() ? undefined : this.#judgeByLastList(certificate, who)) ?? certificate;
  }

  /** The lists are out of date and count as they are: OpenSSL does not do that without hiding other errors. */
  #judgeByLastList(leaf: X509Certificate, who: string): Failure | undefined {
    let certificate: X509Certificate | undefined = leaf;
    for (let depth = 0; certificate !== undefined && depth < CHAIN_MAX; depth++) {
      if (depth > 0 && certificate.subject === certificate.issuer) return undefined;
      const revoked = isRevoked(certificate, this.#material.crls);
      if (revoked === undefined) return new Failure('tls/crl', `no CRL of its issuer: ${who}`);
      if (revoked) return new Failure('tls/revoked', `by a CRL that has expired: ${who}`);
      certificate = certificate.issuerCertificate;
    }
    return undefined;
  }

  #isCrlEnforced(): boolean {
    const { crls } = this.#material;
    if (crls.length === 0 || this.#policy.crlExpired === 'refuse') return true;
    return crls.every(({ nextUpdateMs }) => nextUpdateMs === undefined || nextUpdateMs > this.#now());
  }

  #state(): string {
    return `${this.#material.digest} ${this.#isCrlEnforced()}`;
  }

  #tellAlarms(): void {
    const { alarms } = this.health;
    const told = alarms.join('; ');
    if (told !== this.#alarms && told !== '') this.#log.warn('tls.alarm', { detail: told });
    this.#alarms = told;
  }
}

/** @returns `known` where nothing has changed */
function readMaterial(files: TlsFiles, known?: Material): Material {
  const cert = textOf(files.certFile);
  const key = textOf(files.keyFile);
  const ca = files.caFile === undefined ? undefined : textOf(files.caFile);
  const crl = files.crlFile === undefined ? undefined : textOf(files.crlFile);
  const digest = createHash('sha256')
    .update(JSON.stringify([cert, key, ca, crl]))
    .digest('hex');
  if (digest === known?.digest) return known;
  const [certificate] = certificatesIn(cert, files.certFile);
  const authorities = ca === undefined ? [] : certificatesIn(ca, files.caFile ?? '');
  if (certificate === undefined || !isKeyOf(certificate, key, files.keyFile)) {
    throw new Failure('config/invalid', `${files.keyFile} is not the key of ${files.certFile}`);
  }
  const crls = crl === undefined ? [] : inFile(files.crlFile ?? '', () => readCrls(crl, authorities));
  return { digest, certificate, crls, pem: { cert, key, ca, crl } };
}

function certificatesIn(pem: string, path: string): X509Certificate[] {
  const found = inFile(path, () => (pem.match(CERTIFICATE) ?? []).map((each) => new X509Certificate(each)));
  if (found.length === 0) throw new Failure('config/invalid', `${path}: no certificate in PEM`);
  return found;
}

const isKeyOf = (certificate: X509Certificate, key: string, path: string): boolean =>
  inFile(path, () => certificate.checkPrivateKey(createPrivateKey(key)));

const textOf = (path: string): string => inFile(path, () => readFileSync(path, 'utf8'));

/** The failure names the file, and never its text. */
function inFile<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Failure ? cause.detail : ((cause as { code?: string }).code ?? 'not understood');
    throw new Failure('config/invalid', `${path}: ${reason}`, { cause });
  }
}

const errorCode = (error: unknown): string =>
  typeof error === 'string' ? error : ((error as { code?: string }).code ?? String(error));

/** X509_V_ERR_* of OpenSSL in the words of our failures. */
function failureCode(error: string): Failure['code'] {
  if (error === 'CERT_REVOKED') return 'tls/revoked';
  if (error === 'CERT_HAS_EXPIRED' || error === 'CERT_NOT_YET_VALID') return 'tls/expired';
  return error.includes('CRL') ? 'tls/crl' : 'tls/untrusted';
}

/** The identities that a certificate proves, as systems name them: `sha256:`, `dns:` and `cn:`. */
export function identitiesOf(certificate: X509Certificate): string[] {
  const names = (certificate.subjectAltName ?? '').split(', ').filter((name) => name.startsWith('DNS:'));
  const commonName: unknown = certificate.toLegacyObject().subject['CN'];
  return [
    `sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
    ...names.map((name) => `dns:${name.slice('DNS:'.length).toLowerCase()}`),
    ...(typeof commonName === 'string' ? [`cn:${commonName}`] : []),
  ];
}
