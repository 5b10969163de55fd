/**
 * A folder that is filled as a whole: files lie in it under names that nobody reads, until all of them get their
 * own. Names are relative paths with forward slashes, made by our own code only.
 */
export type StagingFolder = {
  /** Durable when it resolves, and not yet visible. */
  stage(name: string, body: AsyncIterable<Uint8Array>): Promise<void>;
  /** Give every staged file its name. */
  publish(): Promise<void>;
  /** Remove what was staged and not published. */
  clear(): Promise<void>;
  /** Whether no file has its name yet. */
  isEmpty(): Promise<boolean>;
};
