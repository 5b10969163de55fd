import { Failure } from '@acervo/kernel/failure.ts';
import { isPossessed } from '@acervo/model/lifecycle/approval.ts';
import { refused } from '@acervo/model/lifecycle/rules.ts';
import { envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Op } from '../../ports/op.ts';
import { type KeyRow, keyBy, keysOf, lockGovernance, nextRevision, putKeys } from './governance.repo.ts';
import { allowPerson, orRefused, type Ports, refusalOf } from './refusing.ts';

/** A proof of possession is of now, give or take the clocks. */
const PROOF_MS = 10 * 60_000;
/** Keys of one person that hold at once: a token, a browser, one in a safe. */
const KEYS_MAX = 5;

/** A public key, and the signature that shows that whoever sends it has the private one. */
export type Enrolment = { key: string; at: string; proof: string };

/**
 * Bind a public key to the person who asks. The private one stays where it was made.
 * @throws {Failure} governance/forbidden; request/invalid for a key that is somebody's already
 */
export function enrolKey(ports: Ports, op: Op, given: Enrolment): Promise<KeyRow> {
  return orRefused(ports, op, { what: 'enrol' }, async () => {
    allowPerson(op, 'sign-model', op.institution);
    const now = ports.now();
    const isNow = Math.abs(Date.parse(given.at) - now.getTime()) <= PROOF_MS;
    const possession = { persona: op.actor.id, llave: given.key, momento: given.at };
    if (!isNow || !(await isPossessed(possession, given.proof))) throw refusalOf([refused('G01/key')]);
    return ports.db.transaction(async (sql) => {
      await lockGovernance(sql);
      const held = (await keysOf(sql, op.actor.id)).filter(({ revokedAt }) => revokedAt === null);
      const isKnown = (await keyBy(sql, given.key)) !== undefined;
      if (isKnown || held.length >= KEYS_MAX) throw new Failure('request/invalid', 'the key is known, or one too many');
      const row: KeyRow = {
        key: given.key,
        person: op.actor.id,
        institution: op.institution,
        enrolledAt: now.toISOString(),
        revokedAt: null,
        revision: await nextRevision(sql),
      };
      await insertEvents(sql, [envelopeOf(op, 'approver.enrolled', {}, { key: row })]);
      await putKeys(sql, [row]);
      return row;
    });
  });
}

/**
 * From now on the key signs nothing, and what it signed counts for no further step. By its owner, or by who
 * administers his institution.
 * @throws {Failure} request/not-found
 */
export function revokeKey(ports: Ports, op: Op, key: string, reason: string): Promise<KeyRow> {
  return ports.db.transaction(async (sql) => {
    await lockGovernance(sql);
    const known = await keyBy(sql, key);
    const isOwn = known?.person === op.actor.id;
    if (known === undefined || (!isOwn && !op.may('administer', known.institution))) {
      throw new Failure('request/not-found', 'no such key');
    }
    if (known.revokedAt !== null) return known;
    const row = { ...known, revokedAt: ports.now().toISOString(), revision: await nextRevision(sql) };
    await insertEvents(sql, [envelopeOf(op, 'approver.revoked', {}, { key: row, reason })]);
    await putKeys(sql, [row]);
    return row;
  });
}

/** One's own. */
export const ownKeys = ({ db }: Ports, op: Op): Promise<KeyRow[]> =>
  op.actor.kind === 'person' ? keysOf(db, op.actor.id) : Promise.resolve([]);
