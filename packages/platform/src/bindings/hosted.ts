import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a foreign listener is told beside Node's own request. */
export type HostedAt = {
  /** Of who sends it; behind a proxy on this machine, of whom that names last. */
  peerAddress: string;
};

/**
 * A request listener of Node that is not ours, such as a library's, for everything below a prefix. It reads the
 * request and writes the answer by itself, under the limits of the server; it is asked without anybody having been
 * identified, so it says nothing of any patient.
 */
export type Hosted = {
  /** Such as `/oidc`; the listener sees addresses without it, and the whole one in `originalUrl`. */
  prefix: string;
  summary: string;
  handle(request: IncomingMessage, response: ServerResponse, at: HostedAt): Promise<void>;
};
