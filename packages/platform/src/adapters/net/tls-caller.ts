import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Failure } from '@acervo/kernel/failure.ts';
import { reasonOf } from './tls-door.ts';
import { identitiesOf, type TlsKeys } from './tls-keys.ts';

/** Makes a connection that was just opened a TLS one, and makes sure who is at the other end. */
export type Secure = (socket: Socket, signal: AbortSignal) => Promise<Socket>;

/** Whom we mean to reach. */
export type TlsPeer = {
  host: string;
  /** Identities of its certificate, any of which will do; empty: its host name must stand in the certificate. */
  certificates: readonly string[];
};

/**
 * TLS as the side that calls, showing our certificate.
 * @throws {Failure} tls/handshake, tls/untrusted, tls/expired, tls/revoked, tls/crl, tls/wrong-system; ul/aborted
 */
export function securing(keys: TlsKeys, peer: TlsPeer): Secure {
  return async (raw, signal) => {
    const socket = await handshaken(keys, peer, raw, signal);
    const certificate = keys.judge(socket);
    const failure = certificate instanceof Failure ? certificate : strangerWith(certificate, peer);
    if (failure === undefined) return socket;
    socket.destroy();
    throw failure;
  };
}

/** The handshake alone: nobody has been judged. @throws {Failure} tls/handshake, ul/aborted */
export async function handshaken(
  keys: TlsKeys,
  { host }: TlsPeer,
  raw: Socket,
  signal: AbortSignal,
): Promise<TLSSocket> {
  const socket = connect({
    ...keys.options(),
    socket: raw,
    rejectUnauthorized: false,
    // Names are compared with what the registry says, once the certificate itself has been judged.
    checkServerIdentity: () => undefined,
    // RFC 6066 3: the name that the peer may choose its certificate by is never an address.
    ...(isIP(host) === 0 && { servername: host }),
  });
  try {
    await once(socket, 'secureConnect', { signal });
    return socket;
  } catch (cause) {
    socket.on('error', () => {}); // What a connection that is given up still says.
    socket.destroy();
    const { code, message } = cause as NodeJS.ErrnoException;
    if (signal.aborted) throw new Failure('ul/aborted', 'the peer did not finish the TLS handshake', { cause });
    throw new Failure('tls/handshake', reasonOf(code ?? message), { cause });
  }
}

/** Whether a certificate that counts is of somebody else. */
export function strangerWith(certificate: X509Certificate, { host, certificates }: TlsPeer): Failure | undefined {
  const proven = identitiesOf(certificate);
  const isKnown =
    certificates.length > 0
      ? certificates.some((each) => proven.includes(each))
      : (isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host)) !== undefined;
  if (isKnown) return undefined;
  return new Failure('tls/wrong-system', `${host} shows ${proven.join(' ')}`);
}
