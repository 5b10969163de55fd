import { PACE_BYTES_MIN } from '../../bindings/limits/pace.ts';

export type DimseLimits = {
  /** Associations at a time; one more is rejected as transient (2/3/2), so that the peer comes back. */
  associationsMax: number;
  /** Associations of one address; one more is rejected in the same way. */
  associationsPerAddressMax: number;
  /** Connections without an association, before and after it; one more, and the oldest is closed. */
  halfOpenMax: number;
  /** Those of one address; one more, and its oldest is closed. */
  halfOpenPerAddressMax: number;
  /** Maximum Length that we offer, in bytes. */
  pduBytesMax: number;
  /** The ARTIM timer (PS3.8 9.1.5). */
  artimMs: number;
  /** Longest silence between two messages; the command set of the next one is whole by then. */
  idleMs: number;
  /** Longest silence inside of a message, and while the peer does not read our answer. */
  stallMs: number;
  /** Bytes of a message that have to come within `stallMs`, or it is silence. */
  paceBytesMin: number;
  /** Most that is read of a data set after its service has answered, in bytes. */
  drainBytesMax: number;
};

export const DIMSE_LIMITS: Readonly<DimseLimits> = {
  associationsMax: 200,
  associationsPerAddressMax: 200,
  halfOpenMax: 1_000,
  halfOpenPerAddressMax: 64,
  pduBytesMax: 131_072,
  artimMs: 10_000,
  idleMs: 600_000,
  stallMs: 120_000,
  paceBytesMin: PACE_BYTES_MIN,
  drainBytesMax: 4 * 1024 ** 3,
};
