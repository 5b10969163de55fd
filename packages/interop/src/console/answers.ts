/** What /api/console/... answers. Times are ISO 8601 in UTC, sizes are bytes. */

/** An association that is open now (PS3.8 7.1). */
export type LiveAssociation = {
  id: number;
  /** Calling AE Title. */
  aeTitle: string;
  peerAddress: string;
  /** Institution that the system acts for. */
  institution: string;
  since: string;
  /** Requests answered with success or a warning, and with a failure. */
  done: number;
  failed: number;
  bytes: number;
  /** Of the last seconds. */
  bytesPerSecond: number;
};

/** What came in during one step, over every door. */
export type RateStep = {
  /** When the step began. */
  at: string;
  /** Objects that are held now and were not before, or came again. */
  taken: number;
  refused: number;
  bytes: number;
};

export type Refusal = {
  at: string;
  door: string;
  /** AE title, name of the token, or address: who was refused. '' where nobody knows. */
  who: string;
  institution: string;
  /** Code of a failure, or `reject/` and result, source and reason of PS3.8 9.3.4. */
  reason: string;
  count: number;
};

export type Activity = {
  /** The server's clock. */
  now: string;
  /** Since when this process counts. */
  since: string;
  associations: readonly LiveAssociation[];
  associationsMax: number;
  stepSeconds: number;
  /** The oldest first, the running one last. */
  steps: readonly RateStep[];
  /** The newest first. */
  refusals: readonly Refusal[];
  /** The journal could not be asked: only what this process remembers is here. */
  isPartial: boolean;
};

/** A sending system at an institution, as its recent deposits show it. */
export type Device = {
  system: string;
  institution: string;
  lastSeen: string;
  studies: number;
  instances: number;
  /** Studies of which this holds. */
  marks: {
    accessionMissing: number;
    charsetMissing: number;
    charsetWrong: number;
    damaged: number;
    /** Other content under UIDs that were held already. */
    uidReused: number;
  };
};

export type Devices = {
  devices: readonly Device[];
  /** When the oldest deposit that was looked at was made; null without deposits. */
  from: string | null;
  /** There are older deposits that were not looked at. */
  isCut: boolean;
};

export type SegmentState = 'open' | 'sealed' | 'abandoned';

export type Storage = {
  disk: {
    freeBytes: number;
    totalBytes: number;
    /** With less free disk nothing more is taken. */
    freeBytesMin: number;
    takesObjects: boolean;
  };
  segments: readonly { state: SegmentState; count: number; bytes: number }[];
};

/** Which institutions hold which studies: of those asked for, what the caller may see. */
export type Holders = { holders: Readonly<Record<string, readonly string[]>> };

/** The institutions that the caller sees and that hold something. */
export type Institutions = { institutions: readonly string[] };
