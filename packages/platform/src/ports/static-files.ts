/** How a file is kept beside its plain form (RFC 9110 8.4.1). */
export type StaticCoding = 'identity' | 'gzip' | 'br';

export type StaticFile = {
  /** Path below the folder, slashes between; of the plain file. */
  path: string;
  /** In bytes, of each form that there is; `identity` always is. */
  forms: Readonly<Partial<Record<StaticCoding, number>>>;
  /** Changes whenever the bytes may have. */
  version: string;
  read(coding: StaticCoding): AsyncIterable<Uint8Array>;
};

/** A folder of files that were made before, such as a built page. It may be made, or made anew, while we run. */
export type StaticFiles = {
  /** A file by its path below the folder; only what a listing of the folder names can be had. */
  find(path: string): Promise<StaticFile | undefined>;
};
