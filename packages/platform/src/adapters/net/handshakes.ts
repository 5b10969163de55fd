import type { Socket } from 'node:net';
import type { Server } from 'node:tls';
import { WaitingRoom } from '../../bindings/limits/waiting-room.ts';

export type HandshakeLimits = {
  /** Connections that have not finished their handshake; one more, and the oldest is closed. */
  max: number;
  /** Those of one address. */
  perKeyMax: number;
};

/** Keep the connections of a TLS server few that have not finished their handshake. */
export function boundHandshakes(server: Server, limits: HandshakeLimits): void {
  /** The TLS socket does not tell which connection carries it, but both tell the same peer. */
  const connections = new Map<string, Socket>();
  const peerOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string => `${remoteAddress} ${remotePort}`;
  const room = new WaitingRoom<string>({ ...limits, evict: (peer) => connections.get(peer)?.destroy() });
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    connections.set(peer, socket);
    socket.once('close', () => {
      connections.delete(peer);
      room.leave(peer);
    });
    room.enter(socket.remoteAddress ?? '', peer);
  });
  server.on('secureConnection', (socket) => room.leave(peerOf(socket)));
}
