import type { Failure } from '@acervo/kernel/failure.ts';

/** How sure it is who somebody is. */
export type Strength = 'password' | 'second-factor' | 'certificate' | 'secret';

/** How somebody proved who it is, and when: what a step that needs a fresh second factor asks for. */
export type Authentication = {
  strength: Strength;
  /** `amr` (RFC 8176), as the issuer saw them. */
  methods: readonly string[];
  /** Undefined where the issuer does not say: then it was never just now. */
  at: Date | undefined;
};

/** Methods that no page of somebody else can ask for in our name: keys, which are bound to an origin. */
const PHISHING_RESISTANT: readonly string[] = ['hwk', 'swk', 'sc', 'pop'];

/** A second factor, seen within so many minutes before `now`. */
export function isSecondFactorWithin(of: Authentication | undefined, minutes: number, now: Date): boolean {
  if (of?.at === undefined || of.strength !== 'second-factor') return false;
  const ageMs = now.getTime() - of.at.getTime();
  return ageMs <= minutes * 60_000 && ageMs >= -CLOCK_SKEW_MS;
}

export const isPhishingResistant = ({ methods }: Authentication): boolean =>
  methods.some((method) => PHISHING_RESISTANT.includes(method));

/** Clocks of an issuer elsewhere and ours. */
const CLOCK_SKEW_MS = 60_000;

/** Who somebody has proved to be. What may be done follows from the directory and the policy, never from this. */
export type Identity = {
  kind: 'person' | 'system';
  /** Of a person the id of the directory; of a system its AE title or token name. */
  id: string;
  strength: Strength;
  /** Undefined for what proves itself anew with each request. */
  authentication?: Authentication | undefined;
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
