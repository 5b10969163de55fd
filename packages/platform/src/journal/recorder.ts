import { type FailureCode, toFailure } from '@acervo/kernel/failure.ts';
import type { Log } from '../ports/log.ts';
import type { Op } from '../ports/op.ts';
import type { Db } from '../ports/sql.ts';
import { type Envelope, envelopeOf } from './event.ts';
import { insertEvents } from './journal.repo.ts';

/** Accesses of one actor to one study for one purpose that are waiting to become one row. */
type Folded = {
  op: Op;
  kind: Envelope['kind'];
  outcome: Envelope['outcome'];
  institution: string;
  study: string;
  count: number;
  facts: Envelope['facts'];
};

/** Entries that may be waiting at once; more are written at once. */
const FOLDED_MAX = 10_000;
/** An actor who touches a study again after this long is seen anew. */
const FORGET_MS = 60_000;

/**
 * Writes the facts that have no bytes. Reads and queries are folded (decision record 0013): the first access
 * is committed before it is answered, what follows within the window becomes one row with a count.
 */
export class Recorder {
  readonly #db: Db;
  readonly #log: Log;
  readonly #foldMs: number;
  /** By actor, study and purpose; the value's count is 0 while nothing new came. */
  readonly #folded = new Map<string, Folded & { seenMs: number }>();
  readonly #first = new Map<string, Promise<void>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Db, log: Log, foldMs: number) {
    this.#db = db;
    this.#log = log;
    this.#foldMs = foldMs;
  }

  /** Commit facts durably. */
  async record(...envelopes: readonly Envelope[]): Promise<void> {
    await insertEvents(this.#db, envelopes);
  }

  /**
   * An actor reads objects of a study. Resolves when the first access is durable: send no byte before.
   * @param facts of the first access; later ones of the window are counted only
   * @param receiver who gets them where that is not the actor: accesses for another one are a row of their own
   */
  async retrieved(
    op: Op,
    institution: string,
    study: string,
    facts: Envelope['facts'] = {},
    receiver = '',
  ): Promise<void> {
    const kind = 'study.retrieved';
    const grounds = op.grounds(institution, study);
    const told = grounds === undefined ? facts : { ...facts, grounds };
    await this.#fold({ op, kind, outcome: 'success', institution, study, count: 1, facts: told }, receiver);
  }

  /** An actor searches. The keys' names are kept, never their values. */
  async queried(op: Op, facts: Envelope['facts']): Promise<void> {
    const { institution } = op;
    await this.#fold({ op, kind: 'query.executed', outcome: 'success', institution, study: '', count: 1, facts });
  }

  /** An object or association was refused, for a reason of the failure table. A flood is folded like reads. */
  async refused(
    op: Op,
    reason: FailureCode,
    kind: 'instance.refused' | 'association.refused' = 'instance.refused',
  ): Promise<void> {
    const { institution } = op;
    await this.#fold({ op, kind, outcome: 'failure', institution, study: '', count: 1, facts: { reason } }, reason);
  }

  /**
   * A person was refused what there is. Nobody waits for it: what is refused must not take longer than what is absent.
   * @param institution  whose it is; @param study  '' where it is about no study
   */
  denied(op: Op, action: string, institution: string, study: string): void {
    if (op.actor.kind !== 'person') return;
    const facts = { action, receiver: op.institution };
    const denied: Folded = { op, kind: 'access.denied', outcome: 'failure', institution, study, count: 1, facts };
    this.#fold(denied, action).catch((thrown: unknown) => {
      this.#log.error('journal.unrecorded', { op: op.id, code: toFailure(thrown).code });
    });
  }

  /** Write what is waiting; then nothing is folded any more. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#first.values());
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#flush();
    clearTimeout(this.#timer);
  }

  async #fold(access: Folded, also = ''): Promise<void> {
    const { op, kind, institution, study } = access;
    const key = [kind, op.actor.kind, op.actor.id, op.address, op.door, op.purpose, institution, study, also].join(' ');
    const known = this.#folded.get(key);
    const first = this.#first.get(key);
    if (known !== undefined) {
      known.count += 1;
      known.op = op;
      known.seenMs = Date.now();
      this.#schedule();
      // Whoever comes while the first access is being committed waits for it too.
      await first;
      return;
    }
    if (this.#folded.size < FOLDED_MAX) this.#folded.set(key, { ...access, count: 0, seenMs: Date.now() });
    const committed = this.record(this.#envelope(access));
    this.#first.set(key, committed);
    try {
      await committed;
    } catch (thrown) {
      this.#folded.delete(key);
      throw thrown;
    } finally {
      this.#first.delete(key);
    }
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, this.#foldMs);
    this.#timer.unref();
  }

  async #flush(): Promise<void> {
    const due = [...this.#folded.values()].filter((folded) => folded.count > 0);
    const envelopes = due.map((folded) => this.#envelope(folded));
    for (const folded of due) folded.count = 0;
    const now = Date.now();
    for (const [key, folded] of this.#folded) if (now - folded.seenMs > FORGET_MS) this.#folded.delete(key);
    try {
      await this.record(...envelopes);
    } catch (thrown) {
      const failure = toFailure(thrown);
      this.#log.error('journal.unfolded', { rows: envelopes.length, code: failure.code, detail: failure.detail });
      due.forEach((folded, index) => {
        folded.count += Number(envelopes[index]?.facts['count'] ?? 0);
      });
      this.#schedule();
    }
  }

  #envelope({ op, kind, outcome, institution, study, count, facts }: Folded): Envelope {
    // Whose object it was says the envelope; who reads another's acts for an institution of its own.
    const by = op.institution === institution ? {} : { by: op.institution };
    return envelopeOf(op, kind, { outcome, institution, study }, { ...facts, ...by, count });
  }
}
