/**
 * Somebody who takes audit messages and never says that they were taken: syslog (RFC 5424, 5425). What can be known of
 * it is how its connections end.
 */
export type AuditReceiver = {
  /** What is remembered of it is kept by this; no secrets. */
  name: string;
  /**
   * Send frames over a connection of their own, end it, and wait until the receiver has ended it too.
   * @throws {Failure} audit/undelivered where it did not, or before it had everything; tls/... where it is somebody
   *   else, and then nothing was sent
   */
  deliver(frames: readonly Uint8Array[], signal: AbortSignal): Promise<void>;
  /**
   * A connection that carries nothing and is there to end when the receiver does: a process that dies takes it along.
   * @throws {Failure} as `deliver`
   */
  watch(signal: AbortSignal): Promise<AuditWatch>;
};

export type AuditWatch = { isOpen(): boolean; close(): void };
