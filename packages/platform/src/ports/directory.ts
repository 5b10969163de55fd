/** What a person may be to an institution (decision record 0029). The words of the console are in its catalogue. */
export const ROLES = [
  'radiologist',
  'technician',
  'site-chief',
  'steward',
  'data-protection-officer',
  'validator',
  'regulatory-liaison',
  'medical-physicist',
  'ethics-committee',
  'authority',
  'auditor',
  'administrator',
] as const;
export type Role = (typeof ROLES)[number];

/** Why an object is seen by fewer than others of its institution. */
export const SENSITIVITIES = ['vip', 'staff', 'hiv', 'minor'] as const;
export type Sensitivity = (typeof SENSITIVITIES)[number];

/** Purposes of use, of the vocabulary PurposeOfUse of HL7 v3 (2.16.840.1.113883.1.11.20448). */
export const PURPOSES = [
  'TREATMENT',
  'EMERGENCY',
  'OPERATIONS',
  'AUDIT',
  'PUBLIC_HEALTH',
  'RESEARCH',
  'PATIENT',
] as const;
export type Purpose = (typeof PURPOSES)[number];

export type Institution = {
  /** 1 to 24 of A-Z 0-9 . _ - ; the first component of every key. */
  code: string;
  name: string;
  /** INEGI code of the state, two digits; absent for a federal one. */
  state?: string | undefined;
  /** CLUES of its establishments. */
  facilities?: readonly string[] | undefined;
};

/** An establishment of the catalogue CLUES, as of an edition of it. */
export type Facility = {
  clues: string;
  /** Key of the catalogue, such as SSA or IMS: not a code of the archive. */
  institution: string;
  name: string;
  /** INEGI code. */
  state: string;
  /** ISO date. */
  edition: string;
};

/** A role of a person at an institution, or at all of them: '*'. Times are RFC 3339; `until` itself is outside. */
export type RoleGrant = { role: Role; institution: string; from: string; until?: string | undefined };

export type Person = {
  /** What the journal, tokens and sessions call this person: never a name, never a CURP. */
  id: string;
  /** What the person types to log in; also how an external issuer's subject is found. */
  login: string;
  name: string;
  /** For which the person acts unless another one of its roles is chosen. */
  institution: string;
  roles: readonly RoleGrant[];
  isActive: boolean;
};

/** The directory as it is now, in memory, a second behind the database at the most. */
export type Directory = {
  /** Grows with every change; what was decided under another one is decided anew. */
  readonly revision: number;
  institutions(): readonly Institution[];
  institution(code: string): Institution | undefined;
  facility(clues: string): Facility | undefined;
  person(id: string): Person | undefined;
  personByLogin(login: string): Person | undefined;
  /** Roles in force at a moment, of an active person, at an institution or at all; each once. */
  rolesOf(id: string, institution: string, at: Date): readonly Role[];
};
