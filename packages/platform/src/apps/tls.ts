import { Failure } from '@acervo/kernel/failure.ts';
import { type Secure, securing } from '../adapters/net/tls-caller.ts';
import { TlsKeys } from '../adapters/net/tls-keys.ts';
import { waitMs } from '../journal/sealer.ts';
import type { Log } from '../ports/log.ts';
import type { Address } from '../ports/systems.ts';
import type { Config } from './config.ts';
import { readPrivateFile } from './private-file.ts';

const HOUR_MS = 3_600_000;

/**
 * The keys of a configuration; undefined where it names no certificate, and nothing is spoken over TLS.
 * @throws {Failure} config/invalid
 */
export function openTlsKeys(config: Config, log: Log): TlsKeys | undefined {
  const { tlsCertFile: certFile, tlsKeyFile: keyFile, tlsCaFile: caFile, tlsCrlFile: crlFile } = config;
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) {
    throw new Failure('config/invalid', 'ACERVO_TLS_CERT_FILE and ACERVO_TLS_KEY_FILE go together');
  }
  if (crlFile !== undefined && caFile === undefined) {
    throw new Failure('config/invalid', 'ACERVO_TLS_CRL_FILE needs ACERVO_TLS_CA_FILE, whose lists they are');
  }
  readPrivateFile(keyFile, 'ACERVO_TLS_KEY_FILE');
  const policy = {
    profile: config.tlsProfile,
    crlExpired: config.tlsCrlExpired,
    crlAlarmMs: config.tlsCrlAlarmHours * HOUR_MS,
    certificateAlarmMs: config.tlsCertAlarmDays * 24 * HOUR_MS,
  };
  return new TlsKeys({ certFile, keyFile, caFile, crlFile }, policy, log);
}

/** Look at the files now and then, until the signal aborts. */
export const followTlsKeys = (keys: TlsKeys, config: Config, signal: AbortSignal): Promise<void> =>
  keys.follow(() => waitMs(config.tlsReloadSeconds * 1000, signal), signal);

/**
 * How a connection to a system is made safe; undefined where it is called without TLS.
 * @throws {Failure} config/invalid where it is called over TLS and we have no certificate
 */
export function secureFor(address: Pick<Address, 'host' | 'tls' | 'certificates'>, keys?: TlsKeys): Secure | undefined {
  if (!address.tls) return undefined;
  if (keys === undefined) throw new Failure('config/invalid', 'no ACERVO_TLS_CERT_FILE: nobody is called over TLS');
  return securing(keys, address);
}
