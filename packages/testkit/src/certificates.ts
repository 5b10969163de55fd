import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files of one certificate, and what Acervo calls it by. */
export type Issued = { certFile: string; keyFile: string; sha256: string };

export type IssueOptions = {
  /** DNS names and addresses. */
  hosts?: readonly string[];
  /** Seconds from now; before now: it has expired. */
  validFrom?: Date;
  validTo?: Date;
  rsaBits?: number;
};

/** A certificate authority of a test's own, made by openssl in a folder. */
export type Authority = {
  caFile: string;
  issue(name: string, options?: IssueOptions): Issued;
  revoke(issued: Issued): void;
  /** A list of what is revoked now. @returns its file, always the same one */
  crl(nextUpdate: Date, lastUpdate?: Date): string;
};

const DAY_MS = 86_400_000;

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** YYYYMMDDHHMMSSZ. */
const zulu = (time: Date): string => `${time.toISOString().replaceAll(/\D/g, '').slice(0, 14)}Z`;

export function authority(folder: string, name: string): Authority {
  const home = join(folder, name);
  mkdirSync(home, { recursive: true });
  const at = (file: string): string => join(home, file);
  writeFileSync(at('index.txt'), '');
  writeFileSync(at('serial'), '1000\n');
  writeFileSync(at('crlnumber'), '01\n');
  writeFileSync(at('ca.cnf'), configOf(home));
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const subject = (cn: string): string[] => ['-subj', `/C=MX/O=Acervo test/CN=${cn}`];
  const self = ['-config', at('ca.cnf'), '-extensions', 'authority', '-days', '30', '-nodes'];
  openssl('req', '-x509', ...ec, ...self, ...subject(name), '-keyout', at('ca.key'), '-out', at('ca.pem'));
  const ca = (...args: string[]): string => openssl('ca', '-config', at('ca.cnf'), '-batch', '-notext', ...args);
  return {
    caFile: at('ca.pem'),
    issue(cn, { hosts = [], validFrom, validTo, rsaBits = 2048 } = {}) {
      const [certFile, keyFile, request] = [at(`${cn}.pem`), at(`${cn}.key`), at(`${cn}.csr`)];
      openssl(
        'req',
        '-new',
        '-newkey',
        `rsa:${rsaBits}`,
        '-nodes',
        ...subject(cn),
        '-keyout',
        keyFile,
        '-out',
        request,
      );
      const from = validFrom ?? new Date(Date.now() - DAY_MS);
      const to = validTo ?? new Date(Date.now() + 7 * DAY_MS);
      const names = [...hosts.map((host) => (/^[\d.]+$/.test(host) ? `IP:${host}` : `DNS:${host}`)), `DNS:${cn}.test`];
      writeFileSync(at('names.cnf'), `[names]\nsubjectAltName=${names.join(',')}\nkeyUsage=digitalSignature\n`);
      const dates = ['-startdate', zulu(from), '-enddate', zulu(to)];
      ca('-in', request, '-out', certFile, '-extfile', at('names.cnf'), '-extensions', 'names', ...dates);
      const shown = openssl('x509', '-in', certFile, '-noout', '-fingerprint', '-sha256');
      return { certFile, keyFile, sha256: `sha256:${shown.split('=')[1]?.replaceAll(':', '').trim().toLowerCase()}` };
    },
    revoke: ({ certFile }) => void ca('-revoke', certFile),
    crl(nextUpdate, lastUpdate = new Date(Date.now() - DAY_MS)) {
      const dates = ['-crl_lastupdate', zulu(lastUpdate), '-crl_nextupdate', zulu(nextUpdate)];
      ca('-gencrl', ...dates, '-out', at('crl.pem'));
      return at('crl.pem');
    },
  };
}

const configOf = (home: string): string => `
[req]
distinguished_name=dn
prompt=no
[dn]
[authority]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign
subjectKeyIdentifier=hash
[ca]
default_ca=here
[here]
dir=${home}
database=${home}/index.txt
serial=${home}/serial
crlnumber=${home}/crlnumber
new_certs_dir=${home}
certificate=${home}/ca.pem
private_key=${home}/ca.key
default_md=sha256
default_days=7
default_crl_days=7
unique_subject=no
policy=any
[any]
countryName=optional
organizationName=optional
commonName=supplied
`;
