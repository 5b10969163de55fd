import { createHash, createPublicKey } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import { understood } from '../../../bindings/json-body.ts';
import { envelopeOf } from '../../../journal/event.ts';
import type { Op } from '../../../ports/op.ts';
import type { Db, Sql } from '../../../ports/sql.ts';
import { maySee, OWNER, refuseBlind } from './owner.ts';
import { lockRegistry } from './registry.repo.ts';
import { allSigners, findSigner, REASONS, recordSigner, type SignerRow } from './signers.repo.ts';

const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());

const SIGNER = z
  .strictObject({
    /** PEM (SubjectPublicKeyInfo), or the same in base64. */
    publicKey: z.string().min(1).max(4096),
    institution: OWNER,
    holder: z.string().trim().min(1).max(200),
    validFrom: moment.optional(),
    validUntil: moment.optional(),
  })
  .refine(({ validFrom, validUntil }) => validUntil === undefined || (validFrom ?? '') < validUntil, 'ends too early');
const REVOCATION = z.strictObject({ reason: z.enum(REASONS) });
/** JSON Schemas of what is sent. */
export const SIGNER_BODY = z.toJSONSchema(SIGNER, { io: 'input' });
export const REVOCATION_BODY = z.toJSONSchema(REVOCATION);

const KEY_ID = /^[0-9a-f]{64}$/;

/**
 * From now on a signature by this key counts, for packages of one institution or of all.
 * @throws {Failure} request/invalid for what is no Ed25519 key, or is known already; access/denied
 */
export async function trustSigner(db: Db, op: Op, description: unknown): Promise<SignerRow> {
  const { publicKey, institution, holder, validFrom, validUntil } = understood(SIGNER, description);
  allowPerson(op, institution);
  const { keyId, spki } = ed25519(publicKey);
  const from = validFrom ?? new Date().toISOString();
  return db.transaction(async (sql) => {
    await lockRegistry(sql);
    // A key that was revoked is not trusted again: nobody knows who has it.
    if ((await findSigner(sql, keyId)) !== undefined) throw new Failure('request/invalid', 'the key is known already');
    const facts = { id: keyId, publicKey: spki, holder, validFrom: from, validUntil: validUntil ?? null };
    await recordSigner(sql, envelopeOf(op, 'signer.trusted', { institution }, facts));
    return present(await findSigner(sql, keyId), keyId);
  });
}

/**
 * From now on it does not. What came before stays good, unless the key was stolen.
 * @throws {Failure} request/not-found, also for another institution's key; request/invalid
 */
export async function revokeSigner(db: Db, op: Op, keyId: string, given: unknown): Promise<SignerRow> {
  const { reason } = understood(REVOCATION, given);
  return db.transaction(async (sql) => {
    await lockRegistry(sql);
    const row = KEY_ID.test(keyId) ? await findSigner(sql, keyId) : undefined;
    if (row === undefined || !mayTrust(op, row.institution)) throw new Failure('request/not-found', `no key ${keyId}`);
    // That it was stolen may be found out later.
    if (row.revokedFor !== null && !(reason === 'compromise' && row.revokedFor !== 'compromise'))
      throw new Failure('request/invalid', 'it was revoked');
    const event = envelopeOf(op, 'signer.revoked', { institution: row.institution }, { id: keyId, reason });
    await recordSigner(sql, event);
    return present(await findSigner(sql, keyId), keyId);
  });
}

/** Keys that the caller may know of, with those that are revoked. @throws {Failure} access/denied */
export async function listSigners(sql: Sql, op: Op): Promise<SignerRow[]> {
  refuseBlind(op);
  return (await allSigners(sql)).filter(({ institution }) => maySee(op, institution));
}

/** A program signs for nobody (ai-platform.md G01), whatever its policy says. */
const mayTrust = (op: Op, institution: string): boolean =>
  op.actor.kind !== 'system' && op.may('trust-signer', institution);

function allowPerson(op: Op, institution: string): void {
  if (!mayTrust(op, institution))
    throw new Failure('access/denied', `trust-signer at ${institution} by ${op.actor.id}`);
}

function present(row: SignerRow | undefined, keyId: string): SignerRow {
  if (row === undefined) throw new Failure('internal', `key ${keyId} has no row`);
  return row;
}

function ed25519(given: string): { keyId: string; spki: string } {
  try {
    const isPem = given.includes('-----BEGIN');
    const key = isPem
      ? createPublicKey(given)
      : createPublicKey({ key: Buffer.from(given, 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType !== 'ed25519') throw new Failure('request/invalid', 'no Ed25519 key');
    const der = key.export({ format: 'der', type: 'spki' });
    return { keyId: createHash('sha256').update(der).digest('hex'), spki: der.toString('base64') };
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure('request/invalid', 'publicKey: neither PEM nor SubjectPublicKeyInfo in base64', { cause });
  }
}
