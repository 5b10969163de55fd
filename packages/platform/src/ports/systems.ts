/** What a system may ask of the archive, as the words of PS3.4: C-ECHO, C-STORE, C-FIND, C-MOVE, C-GET, commitment. */
export const SERVICES = ['echo', 'store', 'find', 'move', 'get', 'commit'] as const;
export type Service = (typeof SERVICES)[number];

export const SYSTEM_KINDS = ['modality', 'archive', 'workstation', 'ris', 'gateway', 'ai', 'other'] as const;
export type SystemKind = (typeof SYSTEM_KINDS)[number];

/** One system that the archive knows: who it is, how it is reached, what it may do. AE titles are unique. */
export type System = {
  aeTitle: string;
  /** Whose it is; what it stores belongs to this institution. */
  institution: string;
  /** CLUES code of the facility where it stands. */
  facility?: string | undefined;
  kind: SystemKind;
  vendor?: string | undefined;
  product?: string | undefined;
  /** Where it listens; absent for one that only calls. */
  host?: string | undefined;
  port?: number | undefined;
  /** We call it over TLS. */
  tls: boolean;
  /** What identifies its certificates, such as `sha256:<hex>`; with one here it may call over TLS only. */
  certificates: readonly string[];
  may: readonly Service[];
  /** A C-MOVE may name it as the destination. */
  isMoveDestination: boolean;
  /** Transfer Syntax UIDs that it is sent, the best first; empty: as stored. */
  transferSyntaxes: readonly string[];
  /** Specific Character Set (0008,0005) where its objects declare none, and of its queries and answers. */
  charset?: string | undefined;
  /** Issuer of Patient ID (0010,0021) where its objects name none. */
  issuer?: string | undefined;
  /** Associations at a time, in either direction; absent: the archive's own limit. */
  associationsMax?: number | undefined;
};

/** How to call a system. */
export type Address = {
  aeTitle: string;
  host: string;
  port: number;
  tls: boolean;
  /** What identifies its certificate beyond its host name; empty: the name alone. */
  certificates: readonly string[];
  transferSyntaxes: readonly string[];
  associationsMax: number | undefined;
};

/** The systems that the archive knows now. Answers come from memory; a change is seen within a second or two. */
export type Systems = {
  list(): readonly System[];
  byAeTitle(aeTitle: string): System | undefined;
  /** Undefined for a system that is not known, or of which host or port is not. For what we ourselves send. */
  addressOf(aeTitle: string): Address | undefined;
  /** The same for a C-MOVE's Move Destination: undefined also where the system may not be one (0xA801). */
  destination(aeTitle: string): Address | undefined;
};

/** Lookups over whatever `known` holds at the time. */
export function systemsOver(known: { values(): Iterable<System>; get(aeTitle: string): System | undefined }): Systems {
  const addressOf = (aeTitle: string): Address | undefined => {
    const { host, port, tls, certificates, transferSyntaxes, associationsMax } = known.get(aeTitle) ?? {};
    if (host === undefined || port === undefined) return undefined;
    const lists = { certificates: certificates ?? [], transferSyntaxes: transferSyntaxes ?? [] };
    return { aeTitle, host, port, tls: tls === true, ...lists, associationsMax };
  };
  return {
    list: () => [...known.values()],
    byAeTitle: (aeTitle) => known.get(aeTitle),
    addressOf,
    destination: (aeTitle) => (known.get(aeTitle)?.isMoveDestination === true ? addressOf(aeTitle) : undefined),
  };
}
