import { randomBytes } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { digestOf } from './cookie.ts';
import { asPerson } from './session.ts';
import {
  advanceCounter,
  findKey,
  insertKey,
  type KeyRow,
  type KnownKey,
  keysOf,
  putChallenge,
  suspendKey,
  takeChallenge,
} from './webauthn.repo.ts';
import { type WebAuthnSite, type WithoutKeys, webAuthnSiteOf } from './webauthn-site.ts';

const CHALLENGE_BYTES = 32;
const CHALLENGE_S = 300;
/** Of one person; each stands in every question that is asked of it. */
export const KEYS_MAX = 10;
/** COSE: EdDSA, ES256, RS256 (Web Authentication 5.8.5). */
const ALGORITHMS = [-8, -7, -257] as const;
const RESPONSE_CHARS_MAX = 12_288;
const NAME = /^[^\p{Cc}]{1,64}$/u;

const BASE64URL = z.string().regex(/^[A-Za-z0-9_-]{1,8192}$/);
const ID = z.string().regex(/^[A-Za-z0-9_-]{1,1364}$/);
const OUTER = { id: ID, rawId: ID, type: z.literal('public-key') };
const REGISTRATION = z.object({
  ...OUTER,
  response: z.object({
    clientDataJSON: BASE64URL,
    attestationObject: BASE64URL,
    transports: z.array(z.string().regex(/^[a-z-]{1,32}$/)).max(8),
  }),
});
const ASSERTION = z.object({
  ...OUTER,
  response: z.object({ clientDataJSON: BASE64URL, authenticatorData: BASE64URL, signature: BASE64URL }),
});
const CLIENT_DATA = z.object({ challenge: z.string().min(1).max(128) });

/** A key that somebody has just made, before it is anybody's. */
export type NewKey = Omit<KeyRow, 'person' | 'name'>;
/** What a key proved: `amr` (RFC 8176) and `acr` (OpenID Connect EAP ACR Values 1.0). */
export type KeyProved = { amr: string[]; acr: 'phr' | 'phrh' };
/** For whom a key is made; `id` is what the authenticator keeps, and no name. */
export type KeyOwner = { id: string; login: string; name: string };

export type WebAuthnPorts = { db: Db; publicUrl: string };

/**
 * Keys of people by Web Authentication Level 3: security keys and passkeys, as a second factor beside the code. The
 * library judges signatures and what they were made for; that a question counts once and a counter goes on is ours.
 */
export class WebAuthn {
  /** Who keys are for, or why there are none at this address. */
  readonly site: WebAuthnSite | WithoutKeys;
  readonly #db: Db;

  constructor({ db, publicUrl }: WebAuthnPorts) {
    this.#db = db;
    this.site = webAuthnSiteOf(publicUrl);
  }

  keys(person: string): Promise<KnownKey[]> {
    return keysOf(this.#db, person);
  }

  /**
   * What a browser needs to make a key (PublicKeyCredentialCreationOptionsJSON), as text.
   * @param bound  what the answer must come back to: a link, a login, a session
   * @returns undefined where the address allows none
   */
  async creationOptions(bound: string, owner: KeyOwner): Promise<string | undefined> {
    if (typeof this.site === 'string') return undefined;
    const known = owner.id === '' ? [] : await this.keys(owner.id);
    const handle = owner.id === '' ? randomBytes(CHALLENGE_BYTES) : Buffer.from(owner.id);
    return JSON.stringify({
      rp: { id: this.site.rpId, name: 'Acervo' },
      user: { id: handle.toString('base64url'), name: owner.login, displayName: owner.name },
      challenge: await this.#challenge(bound),
      pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
      timeout: CHALLENGE_S * 1000,
      excludeCredentials: known.map(descriptorOf),
      authenticatorSelection: { residentKey: 'preferred', requireResidentKey: false, userVerification: 'required' },
      attestation: 'none',
    });
  }

  /** What a browser needs to use a key (PublicKeyCredentialRequestOptionsJSON); undefined where there is none. */
  async requestOptions(bound: string, person: string): Promise<string | undefined> {
    if (typeof this.site === 'string') return undefined;
    const usable = (await this.keys(person)).filter(({ isSuspended }) => !isSuspended);
    if (usable.length === 0) return undefined;
    return JSON.stringify({
      rpId: this.site.rpId,
      challenge: await this.#challenge(bound),
      timeout: CHALLENGE_S * 1000,
      allowCredentials: usable.map(descriptorOf),
      userVerification: 'required',
    });
  }

  /** Registering a new credential (7.1). @returns undefined for what does not hold, or was asked for elsewhere */
  async made(op: Op, bound: string, text: string): Promise<NewKey | undefined> {
    const response = REGISTRATION.safeParse(jsonOf(text)).data;
    const expected = response && (await this.#expected(bound, response.response.clientDataJSON));
    if (response === undefined || expected === undefined) return refused(op, 'challenge');
    const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
    try {
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        response: { ...response, clientExtensionResults: {} },
        ...expected,
        supportedAlgorithmIDs: [...ALGORITHMS],
      });
      if (!verified) return refused(op, 'attestation');
      const { credential, credentialDeviceType } = registrationInfo;
      return {
        id: credential.id,
        publicKey: credential.publicKey,
        counter: credential.counter,
        transports: response.response.transports,
        isSynced: credentialDeviceType === 'multiDevice',
      };
    } catch {
      return refused(op, 'attestation'); // Its text may repeat what came; which check it was is told by the tests.
    }
  }

  /**
   * A key that was made becomes a person's. @returns false where it is there already, or there are too many
   */
  async register(sql: Sql, op: Op, person: string, key: NewKey, name: string): Promise<boolean> {
    const count = (await keysOf(sql, person)).length;
    const called = NAME.test(name.trim()) ? name.trim() : `${count + 1}`;
    if (count >= KEYS_MAX || !(await insertKey(sql, { ...key, person, name: called }))) return false;
    const facts = { person, key: shortOf(key.id), isSynced: key.isSynced };
    await insertEvents(sql, [envelopeOf(asPerson(op, person), 'webauthn.registered', { institution: '' }, facts)]);
    return true;
  }

  /** Verifying an assertion (7.2). @returns undefined for what does not hold */
  async used(op: Op, person: string, bound: string, text: string): Promise<KeyProved | undefined> {
    const response = ASSERTION.safeParse(jsonOf(text)).data;
    const expected = response && (await this.#expected(bound, response.response.clientDataJSON));
    if (response === undefined || expected === undefined) return refused(op, 'challenge');
    const key = await findKey(this.#db, person, response.id);
    if (key === undefined) return refused(op, 'key');
    const counter = await assertedCounter(response, expected, key);
    if (counter === undefined) return refused(op, 'assertion');
    if (!(await advanceCounter(this.#db, key.id, counter))) return this.#suspend(op, key, counter);
    return key.isSynced
      ? { amr: ['pwd', 'swk', 'user', 'mfa'], acr: 'phr' }
      : { amr: ['pwd', 'hwk', 'user', 'mfa'], acr: 'phrh' };
  }

  /** A counter that does not go on is that of a copy (6.1.1): neither of the two counts until somebody has looked. */
  async #suspend(op: Op, { id, person, counter: known }: KeyRow, counter: number): Promise<undefined> {
    await this.#db.transaction(async (sql) => {
      if (!(await suspendKey(sql, id))) return;
      const of = { institution: '', outcome: 'failure' as const };
      const facts = { person, key: shortOf(id), known, counter };
      await insertEvents(sql, [envelopeOf(op, 'webauthn.suspended', of, facts)]);
    });
    return refused(op, 'counter');
  }

  async #challenge(bound: string): Promise<string> {
    const challenge = randomBytes(CHALLENGE_BYTES).toString('base64url');
    await putChallenge(this.#db, digestOf(challenge), bound, CHALLENGE_S);
    return challenge;
  }

  /** What an answer must be made for. Its challenge is taken whatever comes of it. */
  async #expected(bound: string, clientDataJson: string): Promise<Expected | undefined> {
    if (typeof this.site === 'string') throw new Failure('access/denied', `no keys at this address: ${this.site}`);
    const data = CLIENT_DATA.safeParse(jsonOf(Buffer.from(clientDataJson, 'base64url').toString())).data;
    if (data === undefined || !(await takeChallenge(this.#db, digestOf(data.challenge), bound))) return undefined;
    const { rpId, origin } = this.site;
    return {
      expectedChallenge: data.challenge,
      expectedOrigin: origin,
      expectedRPID: rpId,
      requireUserVerification: true,
    };
  }
}

type Expected = {
  expectedChallenge: string;
  expectedOrigin: string;
  expectedRPID: string;
  requireUserVerification: true;
};

async function assertedCounter(
  response: z.infer<typeof ASSERTION>,
  expected: Expected,
  { id, publicKey, transports }: KeyRow,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...response, clientExtensionResults: {} },
      ...expected,
      // Compared by the database, so that of two who come at once one is the second.
      credential: { id, publicKey: Uint8Array.from(publicKey), counter: 0, transports },
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    return undefined; // Its text may repeat what came.
  }
}

const descriptorOf = ({ id, transports }: Pick<KnownKey, 'id' | 'transports'>) => ({
  type: 'public-key',
  id,
  transports,
});

/** Enough to tell a person's keys apart in the journal. */
export const shortOf = (id: string): string => digestOf(id).slice(0, 16);

function refused(op: Op, check: 'challenge' | 'attestation' | 'assertion' | 'key' | 'counter'): undefined {
  op.log.warn('webauthn.refused', { op: op.id, check });
}

function jsonOf(text: string): unknown {
  try {
    return text.length > RESPONSE_CHARS_MAX ? undefined : JSON.parse(text);
  } catch {
    return undefined; // The schema refuses it.
  }
}
