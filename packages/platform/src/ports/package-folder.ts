/** What lies in a folder that is meant to be a model package, by its path within it. */
export type PackageEntry = { path: string; kind: 'file' | 'link' | 'other'; sizeBytes: number };

export type PackageFolder = {
  /** Everything below it, links not followed, in the order of the paths. @throws {Failure} model/limit */
  list(entriesMax: number): Promise<PackageEntry[]>;
  /** @throws {Failure} model/limit for more bytes than that; model/path for what is no file */
  read(path: string, bytesMax: number): Promise<Uint8Array>;
  /**
   * SHA-256 of a file in hexadecimal, and its first bytes; the rest is not kept.
   * @throws {Failure} as `read` does
   */
  digest(path: string, bytesMax: number): Promise<{ sha256: string; start: Uint8Array }>;
  /** Whole or not at all. */
  write(path: string, bytes: Uint8Array): Promise<void>;
};
