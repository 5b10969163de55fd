import type { Sql } from '../../ports/sql.ts';

/**
 * The envelope of an event `j`, as text. One that names thousands of objects is as large as 1 MB, and hundreds are read
 * at once: of a large one the facts that are large, which nobody is told, stay where they are. jsonb has no U+0000.
 */
const ENVELOPE = `case when octet_length(j.event) <= 65536 or j.event like '%\\u0000%' then j.event
  else (j.event::jsonb - 'facts' ||
  jsonb_build_object('facts', coalesce((select jsonb_object_agg(key, value)
    from jsonb_each(j.event::jsonb -> 'facts') where octet_length(value::text) <= 4096), '{}')))::text end as event`;

/** An event of the sealed journal, its envelope as text. */
export type SealedRow = { seq: number; hash: string; event: string };
/** The same; the event of a retired month is null, and stands in the journal segments. */
export type NumberedRow = { seq: number; hash: string; event: string | null };

/**
 * Take the cursor of a receiver, or keep it: one process sends at a time.
 * @returns where to go on, or undefined while another process has it
 */
export async function leaseCursor(
  sql: Sql,
  receiver: string,
  lessee: string,
  leaseMs: number,
): Promise<number | undefined> {
  const [row] = await sql.query<{ seq: number }>(
    `insert into audit_cursor as held (receiver, lessee, leased_until)
     values ($1, $2, now() + $3 * interval '1 ms')
     on conflict (receiver) do update set lessee = excluded.lessee, leased_until = excluded.leased_until
       where held.lessee = excluded.lessee or held.leased_until < now()
     returning seq`,
    [receiver, lessee, leaseMs],
  );
  return row?.seq;
}

/** Every event to this number has been taken. @returns whether the cursor is still ours */
export async function moveCursor(sql: Sql, receiver: string, lessee: string, seq: number): Promise<boolean> {
  const rows = await sql.query(
    `update audit_cursor set seq = $3, moved_at = now() where receiver = $1 and lessee = $2 returning seq`,
    [receiver, lessee, seq],
  );
  return rows.length > 0;
}

/** Another process need not wait for the lease to end. */
export async function leaveCursor(sql: Sql, receiver: string, lessee: string): Promise<void> {
  await sql.query(`update audit_cursor set leased_until = now() where receiver = $1 and lessee = $2`, [
    receiver,
    lessee,
  ]);
}

/** Sealed events behind a number, in their order. Indexes: primary keys of journal_seal and journal. */
export function sealedAfter(sql: Sql, seq: number, limit: number): Promise<NumberedRow[]> {
  return sql.query<NumberedRow>(
    `select s.seq, s.hash, ${ENVELOPE} from journal_seal s left join journal j on j.id = s.id
     where s.seq > $1 order by s.seq limit $2`,
    [seq, limit],
  );
}

/** Age of the first sealed event behind a number, in seconds; 0 when there is none. Indexes: as sealedAfter. */
export async function lagBehind(sql: Sql, seq: number): Promise<number> {
  const [row] = await sql.query<{ seconds: number }>(
    `select extract(epoch from now() - j.at)::float8 as seconds from journal_seal s join journal j on j.id = s.id
     where s.seq > $1 order by s.seq limit 1`,
    [seq],
  );
  return Math.max(0, row?.seconds ?? 0);
}

/** Which events a search is for; what is undefined matches any. */
export type EventsWanted = {
  institutions: readonly string[] | undefined;
  /** Study Instance UIDs. */
  studies: readonly string[] | undefined;
  /** The same, each behind its institution and a blank: two institutions may hold one UID of two patients. */
  placed: readonly string[] | undefined;
  actor: string | undefined;
  /** RFC 3339; `until` itself is outside. */
  from: string | undefined;
  until: string | undefined;
};

/**
 * Events of a stretch of numbers, after `above` to `through`. Indexes: primary keys of journal_seal and journal, which
 * the stretch bounds; where studies are asked for, journal_study.
 */
export function eventsIn(
  sql: Sql,
  { above, through }: { above: number; through: number },
  wanted: EventsWanted,
  isNewestFirst: boolean,
  limit: number,
): Promise<SealedRow[]> {
  const { institutions, studies, placed, actor, from, until } = wanted;
  return sql.query<SealedRow>(
    `select s.seq, s.hash, ${ENVELOPE} from journal_seal s join journal j on j.id = s.id
     where s.seq > $1 and s.seq <= $2
       and ($3::text[] is null or j.institution = any($3::text[]))
       and ($4::text[] is null or j.study = any($4::text[]))
       and ($5::text[] is null or j.institution || ' ' || j.study = any($5::text[]))
       and ($6::text is null or j.actor = $6::text)
       and ($7::timestamptz is null or j.at >= $7::timestamptz)
       and ($8::timestamptz is null or j.at < $8::timestamptz)
     order by s.seq ${isNewestFirst ? 'desc' : 'asc'} limit $9`,
    [
      above,
      through,
      institutions ?? null,
      studies ?? null,
      placed ?? null,
      actor ?? null,
      from ?? null,
      until ?? null,
      limit,
    ],
  );
}

/** One sealed event. Indexes: unique (id) of journal_seal, primary key of journal. */
export async function sealedById(sql: Sql, id: string): Promise<NumberedRow | undefined> {
  const [row] = await sql.query<NumberedRow>(
    `select s.seq, s.hash, ${ENVELOPE} from journal_seal s left join journal j on j.id = s.id where s.id = $1::uuid`,
    [id],
  );
  return row;
}

/** Studies that tell an identifier of their patient, as the index has them. Index: study_identifier_id. */
export function studiesOfPatient(
  sql: Sql,
  { issuer, id }: { issuer: string | undefined; id: string },
  institutions: readonly string[] | undefined,
  limit: number,
): Promise<{ institution: string; study: string }[]> {
  return sql.query<{ institution: string; study: string }>(
    `select distinct s.institution, s.study_uid as study from study_identifier i join study s using (study_key)
     where i.id = $1 and ($2::text is null or i.issuer = $2::text)
       and ($3::text[] is null or s.institution = any($3::text[])) limit $4`,
    [id, issuer ?? null, institutions ?? null, limit],
  );
}
