import { hostname } from 'node:os';
import { Failure } from '@acervo/kernel/failure.ts';
import { syslogReceiver } from '../adapters/net/syslog-receiver.ts';
import { securing } from '../adapters/net/tls-caller.ts';
import type { TlsKeys } from '../adapters/net/tls-keys.ts';
import type { AuditPorts } from '../features/audit-export/index.ts';
import type { Archive } from './archive.ts';
import type { Config } from './config.ts';

/** RFC 5425 4.1, and the port of syslog over TCP that IANA has for it. */
const PORTS: Readonly<Record<string, number>> = { 'syslog+tls:': 6514, 'syslog+tcp:': 601 };

/**
 * To whom audit messages go, and as whom we tell.
 * @throws {Failure} config/invalid where it is to be TLS and there are no certificates
 */
export function auditPortsOf(config: Config, { metrics }: Archive, keys: TlsKeys | undefined): AuditPorts {
  const { auditSyslog, aeTitle, institution } = config;
  const host = hostname();
  return {
    source: { aeTitle, id: `${aeTitle}@${host}`, site: institution },
    header: { hostname: host, appName: 'acervo', procId: String(process.pid) },
    metrics,
    receiver: auditSyslog === undefined ? undefined : receiverAt(auditSyslog, config, keys),
  };
}

function receiverAt(url: string, config: Config, keys: TlsKeys | undefined): AuditPorts['receiver'] {
  const { protocol, hostname: named, port } = new URL(url);
  // An address of IPv6 stands in brackets in URLs, and nowhere else.
  const host = named.replaceAll(/[[\]]/g, '');
  const at = { name: url, host, port: Number(port) || (PORTS[protocol] ?? 0), timeoutMs: config.outgoingTimeoutMs };
  if (protocol === 'syslog+tcp:') return syslogReceiver(at);
  if (keys === undefined || config.tlsCaFile === undefined) {
    throw new Failure('config/invalid', 'ACERVO_AUDIT_SYSLOG by TLS needs ACERVO_TLS_CERT_FILE and ACERVO_TLS_CA_FILE');
  }
  return syslogReceiver({ ...at, secure: securing(keys, { host, certificates: [] }) });
}
