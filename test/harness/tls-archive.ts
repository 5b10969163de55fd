import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { TlsKeys } from '@acervo/platform/adapters/net/tls-keys.ts';
import { type Authority, authority, type Issued } from '@acervo/testkit/certificates.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { type ArchiveProcess, scratch, startArchive } from './archive-process.ts';
import { type PeerRun, runPeer } from './run-peer.ts';

const HOUR_MS = 3_600_000;
const SOON_MS_MAX = 15_000;
const AGAIN_MS = 50;

/** An archive with a certificate of a national authority, and what the certificates of its peers are like. */
export type TlsArchive = {
  archive: ArchiveProcess;
  /** Settings of the archive, for its commands. */
  env: Readonly<Record<string, string>>;
  folder: string;
  dataDir: string;
  national: Authority;
  own: Issued;
  /** Right ones, by AE title. */
  right: Readonly<Record<'CT1' | 'CT2', Issued>>;
  expired: Issued;
  revoked: Issued;
  foreign: Issued;
  foreignCaFile: string;
  object: SmallObject;
  /** The object as a Part 10 file, to be sent. */
  file: string;
};

export const HOUR = { later: () => new Date(Date.now() + HOUR_MS), ago: () => new Date(Date.now() - HOUR_MS) };

export type TlsOptions = { env?: Readonly<Record<string, string>>; crlNextUpdate?: Date };

export async function tlsArchive(t: TestContext, name: string, options: TlsOptions = {}): Promise<TlsArchive> {
  const folder = scratch(t, name);
  const national = authority(folder, 'nacional');
  const abroad = authority(folder, 'extranjera');
  const own = national.issue('acervo', { hosts: ['127.0.0.1', 'localhost'] });
  const right = { CT1: national.issue('ct1', { hosts: ['127.0.0.1'] }), CT2: national.issue('ct2') };
  const expired = national.issue('expired', { validTo: HOUR.ago() });
  const revoked = national.issue('revoked');
  const foreign = abroad.issue('foreign');
  national.revoke(revoked);
  const of = (aeTitle: string, ...certificates: string[]) => ({ aeTitle, institution: 'HGM', certificates });
  const systems = [
    of('CT1', right.CT1.sha256),
    of('CT2', 'dns:ct2.test'),
    of('EXPIRED', expired.sha256),
    of('REVOKED', revoked.sha256),
    of('FOREIGN', foreign.sha256),
    of('PLAIN'),
  ];
  const accessFile = join(folder, 'access.json');
  writeFileSync(accessFile, JSON.stringify({ systems }));
  const dataDir = join(folder, 'data');
  const env = {
    ACERVO_ACCESS: 'enforced',
    ACERVO_ACCESS_FILE: accessFile,
    ACERVO_TLS_CERT_FILE: own.certFile,
    ACERVO_TLS_KEY_FILE: own.keyFile,
    ACERVO_TLS_CA_FILE: national.caFile,
    ACERVO_TLS_CRL_FILE: national.crl(options.crlNextUpdate ?? new Date(Date.now() + 24 * HOUR_MS)),
    ACERVO_TLS_RELOAD_SECONDS: '1',
    ...options.env,
  };
  const archive = await startArchive(t, dataDir, env);
  const object = smallObject({ name, study: 1, number: 1 });
  const file = join(folder, 'object.dcm');
  writeFileSync(file, concat([writeFileHead(object), object.dataSet]));
  const foreignCaFile = abroad.caFile;
  return {
    archive,
    env,
    folder,
    dataDir,
    national,
    own,
    right,
    expired,
    revoked,
    foreign,
    foreignCaFile,
    object,
    file,
  };
}

/** Our own side of a connection, with a certificate. */
export const keysOf = ({ certFile, keyFile }: Issued, caFile: string, crlFile?: string): TlsKeys =>
  new TlsKeys(
    { certFile, keyFile, caFile, crlFile },
    { profile: 'bcp195-rfc9325', crlExpired: 'refuse', crlAlarmMs: 0, certificateAlarmMs: 0 },
    silentLog,
  );

/** storescu over TLS with a certificate. */
export const storeOver = (
  { archive, national, file }: TlsArchive,
  aeTitle: string,
  { keyFile, certFile }: Issued,
  ...more: readonly string[]
): Promise<PeerRun> =>
  runPeer(
    'storescu',
    `-v -ta 10 +tls ${keyFile} ${certFile} +cf ${national.caFile}`
      .split(' ')
      .concat(more, ['-aet', aeTitle, '-aec', archive.aeTitle, '127.0.0.1', `${archive.dimseTlsPort}`, file]),
  );

/** Wait for a line of the log. */
export async function logged(archive: ArchiveProcess, pattern: RegExp, what = String(pattern)): Promise<void> {
  const end = performance.now() + SOON_MS_MAX;
  while (!pattern.test(archive.logText())) {
    assert.ok(performance.now() < end, `never logged: ${what}\n${archive.logText().slice(-3000)}`);
    await pause(AGAIN_MS);
  }
}

/** Reasons of refused associations in the journal of an archive that has stopped. */
export function refusalsIn(dataDir: string): string[] {
  const folder = join(dataDir, 'journal');
  const lines = readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trim().split('\n'));
  const events = lines.map(
    (line) => (JSON.parse(line) as { event: { kind: string; facts: { reason?: string } } }).event,
  );
  return events.filter(({ kind }) => kind === 'association.refused').map(({ facts }) => facts.reason ?? '');
}
