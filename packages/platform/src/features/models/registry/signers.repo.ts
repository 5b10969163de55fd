import { type Envelope, type EventKind, eventText } from '../../../journal/event.ts';
import { insertEvents } from '../../../journal/journal.repo.ts';
import type { JournalProjection } from '../../../journal/projection.ts';
import { rfc3339, type Sql } from '../../../ports/sql.ts';

export const REASONS = ['compromise', 'superseded', 'ceased'] as const;

export type SignerRow = {
  keyId: string;
  publicKey: string;
  institution: string;
  holder: string;
  validFrom: string;
  validUntil: string | null;
  revokedAt: string | null;
  revokedFor: (typeof REASONS)[number] | null;
  addedBy: string;
};

const KINDS = ['signer.trusted', 'signer.revoked'] as const satisfies readonly EventKind[];

export const modelSigners: JournalProjection = { kinds: KINDS, apply: applySigners };

/** The fact and its row, together. */
export async function recordSigner(sql: Sql, event: Envelope): Promise<void> {
  await insertEvents(sql, [event]);
  await applySigners(sql, [event]);
}

async function applySigners(sql: Sql, events: readonly Envelope[]): Promise<void> {
  for (const event of events) await sql.query(event.kind === 'signer.trusted' ? TRUST : REVOKE, [eventText(event)]);
}

const TRUST = `insert into model_signer
    (key_id, public_key, institution, holder, valid_from, valid_until, added_by, event)
  select f ->> 'id', f ->> 'publicKey', e ->> 'institution', f ->> 'holder', (f ->> 'validFrom')::timestamptz,
    (f ->> 'validUntil')::timestamptz, e -> 'actor' ->> 'id', (e ->> 'id')::uuid
  from (select $1::jsonb as e, $1::jsonb -> 'facts' as f) as told on conflict (key_id) do nothing`;
/** A key that is compromised stays so. */
const REVOKE = `update model_signer set revoked_at = ($1::jsonb ->> 'at')::timestamptz,
    revoked_for = $1::jsonb -> 'facts' ->> 'reason'
  where key_id = $1::jsonb -> 'facts' ->> 'id' and revoked_for is distinct from 'compromise'`;

const COLUMNS = `key_id as "keyId", public_key as "publicKey", institution, holder,
  ${rfc3339('valid_from')} as "validFrom", ${rfc3339('valid_until')} as "validUntil",
  ${rfc3339('revoked_at')} as "revokedAt", revoked_for as "revokedFor", added_by as "addedBy"`;

/** Index: primary key. */
export async function findSigner(sql: Sql, keyId: string): Promise<SignerRow | undefined> {
  const [row] = await sql.query<SignerRow>(`select ${COLUMNS} from model_signer where key_id = $1`, [keyId]);
  return row;
}

/** Few: every one is read. */
export function allSigners(sql: Sql): Promise<SignerRow[]> {
  return sql.query<SignerRow>(`select ${COLUMNS} from model_signer order by institution, valid_from, key_id`);
}

/** Keys whose signature counts now for a package of an owner. */
export function signersFor(sql: Sql, owner: string): Promise<SignerRow[]> {
  return sql.query<SignerRow>(
    `select ${COLUMNS} from model_signer where institution in ($1, '*') and revoked_at is null
       and valid_from <= now() and (valid_until is null or now() < valid_until) order by key_id`,
    [owner],
  );
}

/** Of the keys that signed a package, those that were trusted when it came and were not stolen. Index: primary key. */
export function stillTrusted(sql: Sql, keyIds: readonly string[], receivedAt: string): Promise<SignerRow[]> {
  return sql.query<SignerRow>(
    `select ${COLUMNS} from model_signer where key_id = any($1::text[]) and revoked_for is distinct from 'compromise'
       and (revoked_at is null or revoked_at > $2) and valid_from <= $2 and (valid_until is null or $2 < valid_until)
     order by key_id`,
    [keyIds, receivedAt],
  );
}
