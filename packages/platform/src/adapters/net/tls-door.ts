import { createServer, type Server, type TLSSocket } from 'node:tls';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Log } from '../../ports/log.ts';
import { boundHandshakes, type HandshakeLimits } from './handshakes.ts';
import { identitiesOf, type TlsKeys } from './tls-keys.ts';

/** A port where both sides show a certificate (PS3.15 B.9 to B.13). */
export type TlsDoor = {
  keys: TlsKeys;
  /** Longest handshake. */
  handshakeMs: number;
  handshakes: HandshakeLimits;
  log: Log;
  /** A connection whose certificate counts, and what that proves. */
  admit(socket: TLSSocket, certificate: readonly string[]): void;
  /** One that does not; it is closed already. */
  refused(failure: Failure, address: string): void;
};

/** The server, not listening yet. It follows its keys: connections that are open go on with the old ones. */
export function tlsDoor({ keys, handshakeMs, handshakes, log, admit, refused }: TlsDoor): Server {
  const server = createServer({
    ...keys.options(),
    requestCert: true,
    // Judged below: refused here, it would be closed without a word of why in our log.
    rejectUnauthorized: false,
    handshakeTimeout: handshakeMs,
  });
  keys.onChange(() => server.setSecureContext(keys.options()));
  boundHandshakes(server, handshakes);
  server.on('secureConnection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const judged = keys.judge(socket);
    if (!(judged instanceof Failure)) return admit(socket, identitiesOf(judged));
    // An error of a connection that is given up is nobody's concern.
    socket.on('error', () => {});
    socket.destroySoon();
    refused(judged, address);
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
    const address = socket.remoteAddress ?? '';
    const reason = error.code ?? error.message;
    // It went before it said anything: a load balancer that looks if the port is open.
    if (reason === 'ECONNRESET') log.debug('tls.not-asked', { peer: address });
    else refused(new Failure('tls/handshake', reasonOf(reason)), address);
  });
  return server;
}

/** What OpenSSL's codes mean for somebody who has to mend it. */
const REASONS: readonly [RegExp, string][] = [
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH|RECORD_LAYER/, 'the peer does not speak TLS on this connection'],
  [/HTTP_REQUEST/, 'the peer speaks HTTP without TLS'],
  [
    /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION|VERSION_TOO_LOW/,
    'no TLS version in common: TLS 1.2 and 1.3 are spoken here',
  ],
  [/NO_SHARED_CIPHER|HANDSHAKE_FAILURE/, 'no cipher suite in common'],
  [/UNKNOWN_CA/, 'the peer does not trust our certificate: it lacks our authority'],
  [/CERTIFICATE_EXPIRED/, 'the peer holds our certificate to be expired'],
  [/CERTIFICATE_REVOKED/, 'the peer holds our certificate to be revoked'],
  [/BAD_CERTIFICATE|CERTIFICATE_UNKNOWN/, 'the peer refuses our certificate'],
  [/CERTIFICATE_REQUIRED/, 'the peer wants a certificate of ours'],
  [/HANDSHAKE_TIMEOUT/, 'the peer did not finish the handshake in time'],
];

export function reasonOf(code: string): string {
  const known = REASONS.find(([pattern]) => pattern.test(code));
  return known === undefined ? code : `${known[1]} (${code})`;
}
