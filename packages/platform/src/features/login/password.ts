import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Failure } from '@acervo/kernel/failure.ts';

type Cost = { memory: number; passes: number; parallelism: number };

/** As OWASP's Password Storage Cheat Sheet says: 19 MiB, two passes, one lane. `memory` in KiB. */
export const COST: Cost = { memory: 19_456, passes: 2, parallelism: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;
/** Hashes at a time, and how many may wait: a flood of logins must not take the memory of the archive. */
const AT_ONCE_MAX = 2;
const WAITING_MAX = 64;

export const PASSWORD_CHARS_MIN = 12;
export const PASSWORD_CHARS_MAX = 128;

const derive = promisify(argon2);
/** PHC string format: $argon2id$v=19$m=19456,t=2,p=1$salt$tag */
const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{16,64})\$([A-Za-z0-9+/]{32,128})$/;

export type Verdict = { isRight: boolean; isOutdated: boolean };

/** Makes and checks hashes; so many at a time in this process. */
export class PasswordHasher {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @throws {Failure} login/busy */
  async hash(password: string, cost: Cost = COST): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    const tag = await this.#tagOf(password, salt, cost, TAG_BYTES);
    return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${unpadded(salt)}$${unpadded(tag)}`;
  }

  /** @throws {Failure} login/busy */
  async verify(password: string, kept: string): Promise<Verdict> {
    const [, memory, passes, parallelism, salt, tag] = PHC.exec(kept) ?? [];
    if (salt === undefined || tag === undefined) return { isRight: false, isOutdated: true };
    const cost = { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) };
    const expected = Buffer.from(tag, 'base64');
    const actual = await this.#tagOf(password, Buffer.from(salt, 'base64'), cost, expected.length);
    const isOutdated = (Object.keys(COST) as (keyof Cost)[]).some((name) => cost[name] !== COST[name]);
    return { isRight: timingSafeEqual(actual, expected), isOutdated };
  }

  async #tagOf(password: string, nonce: Uint8Array, cost: Cost, tagLength: number): Promise<Buffer> {
    if (this.#running < AT_ONCE_MAX) this.#running += 1;
    else if (this.#waiting.length >= WAITING_MAX) throw new Failure('login/busy', `${WAITING_MAX} logins wait`);
    // Who ends gives its place to who waits.
    else await new Promise<void>((go) => this.#waiting.push(go));
    try {
      // Two keyboards write the same letter with other code points: RFC 8265 4.2 asks for NFC.
      return await derive('argon2id', { message: password.normalize('NFC'), nonce, tagLength, ...cost });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** Why a password cannot be taken: NIST SP 800-63B 5.1.1.2 asks for length, and forbids rules of composition. */
export function weaknessOf(password: string, login: string): 'short' | 'long' | 'login' | 'repeats' | undefined {
  const chars = [...password].length;
  if (chars < PASSWORD_CHARS_MIN) return 'short';
  if (chars > PASSWORD_CHARS_MAX) return 'long';
  if (login.length > 3 && password.toLowerCase().includes(login.toLowerCase())) return 'login';
  return new Set(password).size < 5 ? 'repeats' : undefined;
}

const unpadded = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');
