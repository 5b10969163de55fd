import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { WaitingRoom } from '../../bindings/limits/waiting-room.ts';
import { boundHandshakes } from './handshakes.ts';
import type { HttpLimits } from './http-limits.ts';

/** Connections of an HTTP server, and which of them have a request of a known caller in work. */
export type HttpConnections = {
  /** A request of this connection has been let in. @returns called when its answer is out */
  busy(socket: Socket): () => void;
};

/**
 * Keep those connections few that have nothing in work: new ones that say nothing, kept ones between two requests,
 * callers who are not known. The oldest makes room, so they cannot take the place of one that asks for something.
 */
export function boundConnections(server: Server, limits: HttpLimits): HttpConnections {
  const { waitingMax: max, waitingPerAddressMax: perKeyMax } = limits;
  const room = new WaitingRoom<Socket>({ max, perKeyMax, evict: (socket) => socket.destroy() });
  const wait = (socket: Socket): void => room.enter(socket.remoteAddress ?? '', socket);
  const isTls = server instanceof TlsServer;
  if (isTls) boundHandshakes(server, { max, perKeyMax });
  server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
    socket.once('close', () => room.leave(socket));
    wait(socket);
  });
  return {
    busy: (socket) => {
      room.leave(socket);
      return () => {
        if (!socket.destroyed) wait(socket);
      };
    },
  };
}
