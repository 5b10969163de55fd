import type { Purpose } from './directory.ts';
import type { Strength } from './identity.ts';

/** What may be done with studies, one by one. */
export const STUDY_ACTIONS = ['query', 'read', 'export', 'commit'] as const;
export type StudyAction = (typeof STUDY_ACTIONS)[number];
/** What may be done at an institution as a whole. */
export const DESK_ACTIONS = [
  'store',
  'administer',
  'steward',
  'audit',
  'refer',
  'break-glass',
  'review',
  'submit-model',
  'read-model',
  'trust-signer',
  'sign-model',
  'govern-model',
  'stop-model',
  'route-ai',
  'request-ai',
  'watch-ai',
  'compare-silent',
  'assess-ai',
  'read-incident',
  'handle-incident',
] as const;
export type DeskAction = (typeof DESK_ACTIONS)[number];
/** What a decision is asked for; the words of the policies (policy/acervo.cedarschema). */
export type Action = StudyAction | DeskAction;

/** Who asks, as policies see it. */
export type Principal = {
  kind: 'person' | 'system';
  id: string;
  /** For which it acts. */
  institution: string;
  /** Of a person: those in force there. */
  roles: readonly string[];
  /** Of a system: the actions that it was given. */
  may: readonly string[];
  /** 'none': an AE title that anybody may use. */
  strength: Strength | 'none';
};

/** All that policies see of a study: studies that are alike in it are decided alike. */
export type StudyClass = {
  institution: string;
  /** Of the institution that the principal acts for. */
  isOwn: boolean;
  /** The operator named its institution in what the principal sees (ACCESS_FILE, `sees`). */
  isGranted: boolean;
  /** The purposes for which agreements in force share it with the principal's institution. */
  sharedFor: readonly Purpose[];
  /** Its patient is referred to the principal's institution. */
  isReferred: boolean;
  /** The principal has broken the glass of this study or patient. */
  glassBroken: boolean;
  /** Its labels, and those of its patient. */
  sensitivity: readonly string[];
};

export type DeskClass = Pick<StudyClass, 'institution' | 'isOwn' | 'isGranted'>;

export type Context = { purpose: string; secondFactor: boolean };

export type Question = { principal: Principal; context: Context } & (
  | { action: StudyAction; study: StudyClass }
  | { action: DeskAction; desk: DeskClass }
);

/** @property policies  the names (`@id`) of those that decided; none: nothing permits it */
export type Decision = { isPermitted: boolean; policies: readonly string[] };

/** One policy set. The same question has the same answer, whenever it is asked. */
export type Policy = {
  /** SHA-256 of its text, hex: its version. */
  digest: string;
  text: string;
  /** Institutions that its text names; all others are alike to it. */
  institutionsNamed: ReadonlySet<string>;
  /** Does its text name persons or systems? Else only what they are counts. */
  namesPrincipals: boolean;
  decide(question: Question): Decision;
};
