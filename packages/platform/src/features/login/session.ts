import { createHmac, timingSafeEqual } from 'node:crypto';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Strength } from '../../ports/identity.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { digestOf, isSecret, newSecret } from './cookie.ts';
import { keyFor, type SecretBox } from './secret-box.ts';
import {
  chooseForSession,
  insertSession,
  type Lifetimes,
  liveSession,
  revokeSession,
  revokeSessionsOf,
  sweepSessions,
  touchSession,
} from './session.repo.ts';

export type Session = {
  id: string;
  person: string;
  strength: Strength;
  purpose: string;
  institution: string;
  /** `amr`, and when the issuer saw them; undefined where it does not say. */
  methods: readonly string[];
  authenticatedAt: Date | undefined;
};

/** Requests come by the hundred; that a session lives is written this often. */
const SEEN_EVERY_MS = 60_000;
const SWEEP_ROWS_MAX = 1000;
const ID_TOKEN = 'id-token';

export type SessionPorts = { db: Db; box: SecretBox; key: Uint8Array; lifetimes: Lifetimes };

/** Sessions of people: rows of the database, so that they survive this process and are seen by every other one. */
export class Sessions {
  readonly #db: Db;
  readonly #box: SecretBox;
  readonly #csrfKey: Uint8Array;
  readonly #lifetimes: Lifetimes;

  constructor({ db, box, key, lifetimes }: SessionPorts) {
    this.#db = db;
    this.#box = box;
    this.#csrfKey = keyFor(key, 'acervo csrf');
    this.#lifetimes = lifetimes;
  }

  /** @returns the value of its cookie, which is kept nowhere */
  async open(of: Omit<Session, 'id'>, idToken?: string): Promise<string> {
    const secret = newSecret();
    const sealed = idToken === undefined ? null : this.#box.seal(ID_TOKEN, Buffer.from(idToken));
    await insertSession(
      this.#db,
      { ...of, authenticatedMs: of.authenticatedAt?.getTime() ?? null, id: digestOf(secret), idToken: sealed },
      this.#lifetimes,
    );
    return secret;
  }

  /** The session of a cookie's value, while it lives. */
  async find(secret: string | undefined): Promise<Session | undefined> {
    if (!isSecret(secret)) return undefined;
    const row = await liveSession(this.#db, digestOf(secret), SEEN_EVERY_MS);
    if (row === undefined) return undefined;
    if (row.isStale) await touchSession(this.#db, row.id, this.#lifetimes.idleMs);
    const { id, person, strength, purpose, institution, methods, authenticatedMs } = row;
    const authenticatedAt = authenticatedMs === null ? undefined : new Date(authenticatedMs);
    return { id, person, strength, purpose, institution, methods, authenticatedAt };
  }

  /** What a page must say with each change it asks for, and a page of another site cannot know. */
  csrfOf({ id }: Session): string {
    return createHmac('sha256', this.#csrfKey).update(id).digest('base64url');
  }

  isCsrf(session: Session, given: string | undefined): boolean {
    const expected = Buffer.from(this.csrfOf(session));
    const actual = Buffer.from(given ?? '');
    return actual.length === expected.length && timingSafeEqual(actual, expected);
  }

  async choose({ id }: Session, chosen: { purpose: string; institution: string }): Promise<void> {
    await chooseForSession(this.#db, id, chosen);
  }

  /** @returns the ID token of an external issuer, which it wants to see when somebody leaves */
  async end(op: Op, session: Session, how: 'logout' | 'replaced'): Promise<string | undefined> {
    const row = await liveSession(this.#db, session.id, SEEN_EVERY_MS);
    await this.#db.transaction(async (sql) => {
      if (await revokeSession(sql, session.id)) await insertEvents(sql, [ended(asPerson(op, session.person), how)]);
    });
    const plain = row?.idToken == null ? undefined : this.#box.open(ID_TOKEN, row.idToken);
    return plain?.toString();
  }

  /** Every session of a person, as when its password changed. */
  async endAllOf(op: Op, person: string, how: 'credential-changed' | 'withdrawn'): Promise<void> {
    await this.#db.transaction(async (sql) => {
      const count = await revokeSessionsOf(sql, person);
      if (count > 0) await insertEvents(sql, [ended(op, how, { person, count })]);
    });
  }

  /** Forget what is over; whoever just went away has left now. */
  async sweep(op: Op): Promise<void> {
    await this.#db.transaction(async (sql) => {
      const over = (await sweepSessions(sql, SWEEP_ROWS_MAX)).filter(({ isRevoked }) => !isRevoked);
      await insertEvents(
        sql,
        over.map(({ person }) => ended(op, 'expired', { person })),
      );
    });
  }
}

/** The operation of somebody who has proved who it is. */
export const asPerson = (op: Op, person: string): Op => ({ ...op, actor: { kind: 'person', id: person }, door: 'web' });

const ended = (op: Op, how: string, more: { person?: string; count?: number } = {}) =>
  envelopeOf(op, 'session.ended', { institution: '' }, { how, ...more });
