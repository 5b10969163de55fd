import { type Envelope, type EventKind, eventText } from '../../../journal/event.ts';
import { insertEvents } from '../../../journal/journal.repo.ts';
import type { JournalProjection } from '../../../journal/projection.ts';
import { rfc3339, type Sql } from '../../../ports/sql.ts';

export type ExternalRow = {
  id: string;
  institution: string;
  name: string;
  version: string;
  record: unknown;
  addedAt: string;
  retiredAt: string | null;
};

const KINDS = ['external-ai.described', 'external-ai.retired'] as const satisfies readonly EventKind[];

export const externalAi: JournalProjection = { kinds: KINDS, apply: applyExternal };

/** The fact and its row, together. */
export async function recordExternal(sql: Sql, event: Envelope): Promise<void> {
  await insertEvents(sql, [event]);
  await applyExternal(sql, [event]);
}

async function applyExternal(sql: Sql, events: readonly Envelope[]): Promise<void> {
  for (const event of events) {
    await sql.query(event.kind === 'external-ai.described' ? DESCRIBE : RETIRE, [eventText(event)]);
  }
}

const DESCRIBE = `insert into external_ai (id, institution, name, version, record, added_at, event)
  select (f ->> 'id')::uuid, e ->> 'institution', f -> 'record' ->> 'name', f -> 'record' ->> 'version', f -> 'record',
    (e ->> 'at')::timestamptz, (e ->> 'id')::uuid
  from (select $1::jsonb as e, $1::jsonb -> 'facts' as f) as told on conflict (id) do nothing`;
const RETIRE = `update external_ai set retired_at = ($1::jsonb ->> 'at')::timestamptz
  where id = ($1::jsonb -> 'facts' ->> 'id')::uuid and retired_at is null`;

const COLUMNS = `id::text as id, institution, name, version, record, ${rfc3339('added_at')} as "addedAt",
  ${rfc3339('retired_at')} as "retiredAt"`;

/** Index: primary key. */
export async function findExternal(sql: Sql, id: string): Promise<ExternalRow | undefined> {
  const [row] = await sql.query<ExternalRow>(`select ${COLUMNS} from external_ai where id = $1`, [id]);
  return row;
}

/** Those that are in use first. */
export function allExternal(sql: Sql): Promise<ExternalRow[]> {
  return sql.query<ExternalRow>(
    `select ${COLUMNS} from external_ai order by retired_at is not null, institution, name, version, id`,
  );
}
