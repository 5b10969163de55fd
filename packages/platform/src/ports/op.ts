import type { Authentication } from './identity.ts';
import type { Log } from './log.ts';
import type { Decision, DeskAction, StudyAction } from './policy.ts';
import type { StudyFacts, View } from './view.ts';

/** By which door an operation came in. */
export type Door = 'dimse' | 'stow' | 'import' | 'web' | 'cli';

/** Who acts: a system (AE title, token), or a process of the archive itself. */
export type Actor = { kind: 'system' | 'person' | 'process'; id: string };

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
  /** Network address that it came from; '' for what came by no network. */
  address: string;
  /** How a person proved who it is, and when (`isSecondFactorWithin`); undefined for everything else. */
  authentication?: Authentication | undefined;
  signal: AbortSignal;
  log: Log;
  /** What the caller may have for an action, as a condition of a search: holdings/scope.ts. */
  view(action: StudyAction): View;
  /** Decide about one study that was found: holdings/seen.ts. */
  decide(action: StudyAction, study: StudyFacts): Decision;
  /** The policies by which a study was given to this operation; undefined where its institution is the caller's. */
  grounds(institution: string, studyUid: string): readonly string[] | undefined;
  may(action: DeskAction, institution: string): boolean;
  /** @throws {Failure} access/denied */
  allow(action: DeskAction, institution: string): void;
};
