/** Who is logged in to the console: `GET /api/session`. */
export type SessionAnswer = {
  /** `open`: everybody is let in, and nobody logs in. */
  access: 'open' | 'enforced';
  person: SessionPerson | null;
};

export type SessionPerson = {
  id: string;
  name: string;
  login: string;
  /** At the institution that applies. */
  roles: SessionRole[];
  institution: string;
  institutions: string[];
  /** Of the vocabulary PurposeOfUse, or ''. */
  purpose: SessionPurpose | '';
  purposes: SessionPurpose[];
  strength: 'password' | 'second-factor' | 'certificate' | 'secret';
  /** Sent back with whatever changes something. */
  csrf: string;
};

export type SessionRole =
  | 'radiologist'
  | 'technician'
  | 'site-chief'
  | 'steward'
  | 'data-protection-officer'
  | 'validator'
  | 'regulatory-liaison'
  | 'medical-physicist'
  | 'ethics-committee'
  | 'authority'
  | 'auditor'
  | 'administrator';

export type SessionPurpose =
  | 'TREATMENT'
  | 'EMERGENCY'
  | 'OPERATIONS'
  | 'AUDIT'
  | 'PUBLIC_HEALTH'
  | 'RESEARCH'
  | 'PATIENT';
