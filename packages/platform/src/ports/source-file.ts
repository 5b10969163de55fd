/** A file that is offered for import, wherever it lies. Nothing is ever written where it lies. */
export type SourceFile = {
  /** For people: its path, and within an archive `archive.zip!path`. */
  name: string;
  sizeBytes: number;
  /** Changes when the file does: its time, its checksum. */
  stamp: string;
  /** Named by whoever asked, not found in a folder or an archive. */
  isGiven: boolean;
  /** Its bytes. Each chunk is the caller's. */
  read(): AsyncIterable<Uint8Array>;
  /**
   * A file below the folder of this one, by the components of its path (PS3.10 8.5: upper case, while media show
   * lower case too); undefined when there is none.
   */
  below(components: readonly string[]): Promise<SourceFile | undefined>;
};

/** What was found and cannot be offered, and why. */
export type SourceRefusal = { name: string; refused: string };

export type SourceItem = SourceFile | SourceRefusal;

/** What a ledger knows something by: all of it is compared. */
export type LedgerEntry = Pick<SourceFile, 'name' | 'sizeBytes' | 'stamp'>;

/** Remembers, from one run to the next, what is done already. It saves time only: a resend changes nothing. */
export type ImportLedger = {
  has(entry: LedgerEntry): boolean;
  /** Call it when it is done: the file's object is durable, or was taken by its receiver. */
  add(entry: LedgerEntry): void;
  close(): void;
};
