import { createHmac } from 'node:crypto';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Directory } from '../../ports/directory.ts';
import type { Strength } from '../../ports/identity.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { beginAttempt, discountAttempt, forgiveAttempts, untoldFailures } from './attempts.repo.ts';
import { findCredential, putPassword, putTotp, useRecoveryCode, useTotpStep } from './credentials.repo.ts';
import { PASSWORD_CHARS_MAX, PasswordHasher } from './password.ts';
import { needsSecondFactor } from './ports.ts';
import { recoveryDigest } from './recovery.ts';
import { keyFor, type SecretBox } from './secret-box.ts';
import { asPerson } from './session.ts';
import { totpStep } from './totp.ts';
import { keysOf } from './webauthn.repo.ts';

/** From how many failures on who is locked, and for how long: twice as long each time. */
const LOCK = {
  login: { from: 5, firstS: 30, mostS: 900 },
  // A hospital comes from one address.
  address: { from: 30, firstS: 30, mostS: 900 },
} as const;
const TELL_EVERY_MS = 60_000;
const TOTP = 'totp';
const LOGIN_CHARS_MAX = 128;

export const lockSecondsOf =
  ({ from, firstS, mostS }: (typeof LOCK)[keyof typeof LOCK]) =>
  (failures: number): number =>
    failures < from ? 0 : Math.min(mostS, firstS * 2 ** (failures - from));

/** What a password, or a code after it, proves. */
export type Proved =
  | { is: 'wrong' }
  | { is: 'locked'; seconds: number }
  /** Next: nothing, a code, or first the second factor itself, which this person's roles ask for. */
  | { is: 'right'; person: string; next: 'nothing' | 'code' | 'setup' };

export type CredentialPorts = { db: Db; directory: Directory; box: SecretBox; key: Uint8Array; nowMs?: () => number };

/** What people know and have: passwords, codes of a second factor, and how often somebody guesses. */
export class Credentials {
  readonly hasher = new PasswordHasher();
  readonly #db: Db;
  readonly #directory: Directory;
  readonly #box: SecretBox;
  readonly #subjectKey: Uint8Array;
  readonly #nowMs: () => number;
  #decoy: Promise<string> | undefined;

  constructor({ db, directory, box, key, nowMs = Date.now }: CredentialPorts) {
    this.#db = db;
    this.#directory = directory;
    this.#box = box;
    this.#subjectKey = keyFor(key, 'acervo attempts');
    this.#nowMs = nowMs;
  }

  /** Takes as long for a login that nobody has: who has one is not told. */
  async password(op: Op, login: string, password: string, address: string): Promise<Proved> {
    const isPlausible = login.length <= LOGIN_CHARS_MAX && [...password].length <= PASSWORD_CHARS_MAX;
    const person = isPlausible ? this.#directory.personByLogin(login) : undefined;
    return this.#counted(op, { login, address, person: person?.id ?? '' }, async () => {
      const kept = person?.isActive === true ? await findCredential(this.#db, person.id) : undefined;
      const { isRight, isOutdated } = await this.hasher.verify(
        isPlausible ? password : '',
        kept?.password ?? (await this.#decoyHash()),
      );
      if (!isRight || kept === undefined || person === undefined) return undefined;
      if (isOutdated) await putPassword(this.#db, person.id, await this.hasher.hash(password));
      const isNeeded = needsSecondFactor(this.#directory, person.id, new Date(this.#nowMs()));
      const hasSecond = kept.totpSecret !== null || (await keysOf(this.#db, person.id)).length > 0;
      const next = hasSecond ? 'code' : isNeeded ? 'setup' : 'nothing';
      return { is: 'right', person: person.id, next };
    });
  }

  /** The code of an authenticator, or one of the codes for recovery. */
  async code(op: Op, person: string, typed: string, address: string): Promise<Proved> {
    return this.proved(op, person, address, () => this.#isCode(person, typed.trim()));
  }

  /** A second factor of another kind, counted like a code: whoever tries is locked out in the same way. */
  async proved(op: Op, person: string, address: string, judge: () => Promise<boolean>): Promise<Proved> {
    const login = this.#directory.person(person)?.login ?? '';
    return this.#counted(op, { login, address, person }, async () =>
      (await judge()) ? { is: 'right', person, next: 'nothing' } : undefined,
    );
  }

  /** Whether a person has a code of an authenticator. */
  async hasTotp(person: string): Promise<boolean> {
    return (await findCredential(this.#db, person))?.totpSecret != null;
  }

  /** The first code of a new second factor. @returns false where it is not of this secret */
  async setUp(person: string, secret: Uint8Array, typed: string): Promise<boolean> {
    const step = totpStep(secret, typed.trim(), this.#nowMs(), 0);
    if (step === undefined) return false;
    await putTotp(this.#db, person, this.#box.seal(TOTP, secret), step);
    return true;
  }

  /** As it is kept with a password that is set together with it. */
  sealedTotp(secret: Uint8Array, typed: string): { secret: Uint8Array; step: number } | undefined {
    const step = totpStep(secret, typed.trim(), this.#nowMs(), 0);
    return step === undefined ? undefined : { secret: this.#box.seal(TOTP, secret), step };
  }

  async succeeded(op: Op, person: string, strength: Strength, by: 'embedded' | 'external'): Promise<void> {
    const facts = { strength, by };
    await insertEvents(this.#db, [envelopeOf(asPerson(op, person), 'login.succeeded', { institution: '' }, facts)]);
  }

  async #isCode(person: string, typed: string): Promise<boolean> {
    const recovery = recoveryDigest(typed);
    if (recovery !== undefined) return useRecoveryCode(this.#db, person, recovery);
    const kept = await findCredential(this.#db, person);
    if (kept?.totpSecret == null) return false;
    const secret = this.#box.open(TOTP, kept.totpSecret);
    const step = secret && totpStep(secret, typed.replace(/\s/g, ''), this.#nowMs(), kept.totpStep);
    return step !== undefined && useTotpStep(this.#db, person, step);
  }

  /** Counts first and forgives after: whoever tries a thousand at once is judged as often as one by one. */
  async #counted(op: Op, who: Guess, judge: () => Promise<Proved | undefined>): Promise<Proved> {
    const address = this.#subject('address', who.address);
    const login = this.#subject('login', who.login.toLowerCase());
    const lockAddress = lockSecondsOf(LOCK.address);
    const lockLogin = lockSecondsOf(LOCK.login);
    const byAddress = await beginAttempt(this.#db, address, lockAddress);
    if (byAddress.lockedForS > 0) return { is: 'locked', seconds: Math.ceil(byAddress.lockedForS) };
    const byLogin = await beginAttempt(this.#db, login, lockLogin);
    if (byLogin.lockedForS > 0) return { is: 'locked', seconds: Math.ceil(byLogin.lockedForS) };
    const proved = await judge();
    if (proved !== undefined) {
      await discountAttempt(this.#db, address);
      await forgiveAttempts(this.#db, login);
      return proved;
    }
    const seconds = lockLogin(byLogin.failures);
    await this.#tell(op, who.person, login, byLogin.failures, seconds);
    return seconds > 0 ? { is: 'locked', seconds } : { is: 'wrong' };
  }

  /** What strangers type is not written anywhere. Of a known person one row a minute, with how many there were. */
  async #tell(op: Op, person: string, subject: string, failures: number, lockedS: number): Promise<void> {
    if (person === '') return;
    const of = { institution: '', outcome: 'failure' as const };
    const count = await untoldFailures(this.#db, subject, lockedS > 0 ? 0 : TELL_EVERY_MS);
    const events = [
      ...(count === undefined ? [] : [envelopeOf(op, 'login.failed', of, { person, count })]),
      ...(lockedS > 0 ? [envelopeOf(op, 'login.locked', of, { person, failures, seconds: lockedS })] : []),
    ];
    await insertEvents(this.#db, events);
  }

  #subject(kind: 'login' | 'address', text: string): string {
    return createHmac('sha256', this.#subjectKey).update(`${kind} ${text}`).digest('hex');
  }

  #decoyHash(): Promise<string> {
    this.#decoy ??= this.hasher.hash('nobody has this password');
    return this.#decoy;
  }
}

type Guess = { login: string; address: string; person: string };
