import type { Failure } from '@acervo/kernel/failure.ts';

/** How sure it is who somebody is. */
export type Strength = 'password' | 'second-factor' | 'certificate' | 'secret';

/** Who somebody has proved to be. What may be done follows from the directory and the policy, never from this. */
export type Identity = {
  kind: 'person' | 'system';
  /** Of a person the id of the directory; of a system its AE title or token name. */
  id: string;
  strength: Strength;
  /** The purpose of use that the session was opened for, or ''. */
  purpose: string;
  /** The institution acted for where the person has chosen one, or ''. */
  institution: string;
};

/** What of a request tells who sends it. */
export type Credentials = {
  method: string;
  /** Header values by lower-case name. */
  headers: Readonly<Record<string, string | undefined>>;
};

/** Sessions of the page and tokens of the issuer (decision record 0031). */
export type Identities = {
  /**
   * @returns undefined where the request carries nothing of ours (no session cookie, no token that looks like a JWT);
   *   a Failure, access/unknown, where it does and it does not hold; access/denied for a cross-site request
   */
  of(credentials: Credentials): Promise<Identity | Failure | undefined>;
};
