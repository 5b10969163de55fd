/**
 * Where segments live: files that are only appended to, each by one writer. Local files now; an object store
 * for sealed segments later. Names are relative paths with forward slashes, made by our own code only.
 */
export type BlobStore = {
  /**
   * Create a file that must not exist and make its name durable.
   * @returns undefined when the name is taken.
   * @throws {Failure} store/out-of-space
   */
  create(name: string): Promise<BlobWriter | undefined>;
  /** Open an existing file for repair: cutting its tail and sealing it. */
  append(name: string): Promise<BlobWriter>;
  /** @throws {Failure} retrieve/damaged when the file is missing. */
  open(name: string): Promise<BlobReader>;
  /** Size in bytes, or undefined when there is no such file. */
  sizeOf(name: string): Promise<number | undefined>;
  /** Every name, in ascending order. */
  list(): AsyncIterable<string>;
  remove(name: string): Promise<void>;
  /** Bytes that can still be written here. */
  freeBytes(): Promise<number>;
};

export type BlobWriter = {
  /**
   * Write all pieces at a position, in bytes. After a failure nothing is known of what was written.
   * @throws {Failure} store/out-of-space
   */
  write(pieces: readonly Uint8Array[], at: number): Promise<void>;
  /** Cut the file to this length, in bytes. */
  truncate(length: number): Promise<void>;
  /** Resolves when everything written survives power loss. A failure is final: never call it again. */
  datasync(): Promise<void>;
  close(): Promise<void>;
};

export type BlobReader = {
  /** Up to `length` bytes from `offset`; fewer only at the end of the file. The result is the caller's. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The same into memory of the caller's. @returns the bytes read: fewer than fit only at the end of the file. */
  fill(into: Uint8Array, offset: number): Promise<number>;
  close(): Promise<void>;
};

/** Bytes in memory that is used again: they are the caller's until it gives them back, once. */
export type LentBytes = { bytes: Uint8Array; giveBack(): void };
