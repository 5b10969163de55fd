import type { IncomingMessage } from 'node:http';

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

/**
 * Where a request comes from. What X-Forwarded-For says counts only from a proxy on this machine, and of it the last
 * address, which that proxy saw itself: those before are whatever the client wrote.
 */
export function addressOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>): string {
  const { remoteAddress = '' } = socket;
  const forwarded = LOOPBACK.test(remoteAddress) ? lastOf(headers['x-forwarded-for']) : undefined;
  return forwarded ?? remoteAddress;
}

const lastOf = (header: string | string[] | undefined): string | undefined =>
  header?.toString().split(',').at(-1)?.trim() || undefined;
