import type { Purpose } from './directory.ts';
import type { PatientOf, Stretch } from './view.ts';

/** RFC 3339 UTC; `until` itself is outside, and absent where there is no end. */
export type Validity = { from: string; until?: string | undefined };

/** One institution shares studies with another one. */
export type Agreement = Stretch & {
  /** Whose studies. */
  owner: string;
  /** Who may have them. */
  receiver: string;
  purposes: readonly Purpose[];
  validity: Validity;
  /** The document that it rests on. */
  reference: string;
};

/** One institution sends a patient to another one, with all studies that it has of it. */
export type Referral = PatientOf & { owner: string; receiver: string; reason: string; validity: Validity };

/** A person sees, for a short time and to be answered for, what it otherwise would not. */
export type Glass = {
  /** Whose studies. */
  owner: string;
  /** Id of the person in the directory, and the institution that it acts for. */
  person: string;
  receiver: string;
  subject: PatientOf | { studyUid: string };
  reason: string;
  validity: Validity;
  /** The second look, by somebody else. */
  review?: { by: string; at: string; finding: string } | undefined;
};

/** What an institution, or a person who acts for it, is given of others' studies; not all of it is in force. */
export type Given = {
  agreements: readonly Agreement[];
  referrals: readonly Referral[];
  glasses: readonly Glass[];
};

/** What is shared now, in memory, a second behind the database at the most. */
export type Sharing = {
  /** Grows with every change. */
  readonly revision: number;
  givenTo(institution: string, person: string | undefined): Given;
};

/** The labels of sensitivity that stand on studies or patients of each institution, in memory likewise. */
export type Marks = {
  /** Changes with the labels that an institution has. */
  readonly revision: number;
  institutions(): readonly string[];
  /** In order. */
  labelsOf(institution: string): readonly string[];
};

export const NOTHING_SHARED: Sharing = {
  revision: 0,
  givenTo: () => ({ agreements: [], referrals: [], glasses: [] }),
};
export const NO_MARKS: Marks = { revision: 0, institutions: () => [], labelsOf: () => [] };

export const isInForce = ({ from, until }: Validity, at: string): boolean =>
  from <= at && (until === undefined || at < until);
