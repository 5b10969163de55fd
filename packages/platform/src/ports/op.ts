import type { Log } from './log.ts';

/** By which door an operation came in. */
export type Door = 'dimse' | 'stow' | 'import' | 'web' | 'cli';

/** Who acts: a system (AE title, token), or a process of the archive itself. */
export type Actor = { kind: 'system' | 'person' | 'process'; id: string };

/** What a decision is asked for. The trust layer decides more finely; the words stay. */
export type Action = 'store' | 'read' | 'query' | 'export' | 'administer';

/**
 * One operation: who asks, for whom, by which door, until when. Every use case takes it first; there is
 * no ambient context.
 */
export type Op = {
  /** UUIDv7; stands in the journal, the log and the problem document's `instance`. */
  id: string;
  /** Code of the institution that the caller acts for; what it stores belongs to this one. */
  institution: string;
  actor: Actor;
  /** The sending system's name: AE title, token name, or ''. */
  system: string;
  door: Door;
  /** Issuer of Patient ID that applies where the object names none (PS3.3 C.7.1.1). */
  issuer: string;
  /** Character set that applies where the object declares none or a wrong one. */
  charsetDefault: string | undefined;
  purpose: string;
  signal: AbortSignal;
  log: Log;
  /** The institutions whose objects this caller may see; undefined: all (open access). */
  sees: readonly string[] | undefined;
  /** @throws {Failure} access/denied */
  allow(action: Action, institution: string): void;
};
