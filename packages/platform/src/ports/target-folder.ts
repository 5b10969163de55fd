/**
 * A folder that an export or a backup is written into. A file appears whole and durable under its name, or not at
 * all. Names are relative paths with forward slashes, made by our own code only.
 */
export type TargetFolder = {
  /** @returns the bytes written. */
  put(name: string, body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number>;
  /** A file that is written bit by bit and appears when it is committed. */
  begin(name: string): Promise<Draft>;
  /** Size in bytes; undefined when there is no such file. */
  sizeOf(name: string): Promise<number | undefined>;
  read(name: string, from?: number, to?: number): AsyncIterable<Uint8Array>;
  list(): AsyncIterable<string>;
  remove(name: string): Promise<void>;
};

export type Draft = {
  write(bytes: Uint8Array): Promise<void>;
  commit(): Promise<void>;
  abandon(): Promise<void>;
};
