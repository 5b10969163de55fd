import { PACE_BYTES_MIN } from '../../bindings/limits/pace.ts';

export type HttpLimits = {
  connectionsMax: number;
  /** Connections without a request of a known caller in work; one more, and the oldest is closed. */
  waitingMax: number;
  /** Those of one address. A proxy before us is one address, too. */
  waitingPerAddressMax: number;
  /** Bytes of a request's line and headers; more is answered 431. */
  headerBytesMax: number;
  /** Characters of a request target; more is answered 414. */
  urlCharsMax: number;
  /** Longest time for a request's headers to arrive. */
  headersMs: number;
  /** Longest time for a whole request to arrive, its body included. */
  requestMs: number;
  /** Longest silence of a sender inside of a body, and of a reader that does not take our answer. */
  stallMs: number;
  /** Bytes of a body that have to come within `stallMs`, or it is silence. */
  paceBytesMin: number;
  /** Longest silence between two requests of a connection. */
  keepAliveMs: number;
  /** Most that is read of a body nobody wanted, so that its sender sees the answer, in bytes. */
  drainBytesMax: number;
  /** Longest time for that. */
  drainMs: number;
  /** Most bytes of a request to a foreign listener below a prefix. */
  hostedBytesMax: number;
  /** Longest time for such a request and its whole answer. */
  hostedMs: number;
  /** Answers of fewer bytes are not compressed. */
  gzipBytesMin: number;
};

export const HTTP_LIMITS: Readonly<HttpLimits> = {
  connectionsMax: 4_000,
  waitingMax: 2_000,
  waitingPerAddressMax: 1_000,
  headerBytesMax: 32_768,
  urlCharsMax: 16_384,
  headersMs: 15_000,
  requestMs: 6 * 3_600_000,
  stallMs: 120_000,
  paceBytesMin: PACE_BYTES_MIN,
  keepAliveMs: 65_000,
  drainBytesMax: 16 * 1024 ** 2,
  drainMs: 15_000,
  hostedBytesMax: 65_536,
  hostedMs: 30_000,
  gzipBytesMin: 1_024,
};
