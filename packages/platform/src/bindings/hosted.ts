import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpMethod } from './http.ts';

/** What a foreign listener is told beside Node's own request. */
export type HostedAt = {
  /** Of who sends it; behind a proxy on this machine, of whom that names last. */
  peerAddress: string;
};

/** One path of a foreign listener. */
export type HostedPath = {
  /** Below the prefix, such as `/auth/:uid`. */
  path: string;
  methods: readonly HttpMethod[];
  /** What its answers may say, and to whom. */
  tells: string;
};

/**
 * A request listener of Node that is not ours, such as a library's, for paths below a prefix. It reads the request and
 * writes the answer by itself, under the limits of the server and its rates; it is asked without anybody having been
 * identified, so it says nothing of any patient. It hears of the paths that are listed and of nothing else: what a
 * later version of the library answers elsewhere is not served until somebody has judged it.
 */
export type Hosted = {
  /** Such as `/oidc`; the listener sees addresses without it, and the whole one in `originalUrl`. */
  prefix: string;
  summary: string;
  paths: readonly HostedPath[];
  handle(request: IncomingMessage, response: ServerResponse, at: HostedAt): Promise<void>;
};
