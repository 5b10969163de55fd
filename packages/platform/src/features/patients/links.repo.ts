import { columnsOf, type Patient } from '../../holdings/patient.ts';
import { type Envelope, type EventKind, eventText } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import type { Sql } from '../../ports/sql.ts';

const KINDS = ['patient.linked', 'patient.unlinked', 'patient.collided'] as const satisfies readonly EventKind[];

/**
 * One at a time: so the numbers of the events are in the order in which they were decided. Taken before anything is
 * written, since a transaction's number is given with its first row.
 */
export async function lockPatients(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo patients'))`);
}

/** The facts and what follows from them, together. The caller holds `lockPatients`. */
export async function recordPatientEvents(sql: Sql, events: readonly Envelope[]): Promise<void> {
  await insertEvents(sql, events);
  await applyPatientEvents(sql, events);
}

/** Links and collisions stand in no pack: their events bring them back. */
export const patientLinks: JournalProjection = { kinds: KINDS, apply: applyPatientEvents };

async function applyPatientEvents(sql: Sql, events: readonly Envelope[]): Promise<void> {
  for (const event of events) {
    const apply = APPLY[event.kind];
    if (apply !== undefined) for (const text of apply) await sql.query(text, [eventText(event)]);
  }
}

/** The event's facts as columns. */
const GIVEN = `(select (e ->> 'id')::uuid as event, (e ->> 'at')::timestamptz as at,
    e -> 'facts' -> 'patient' ->> 'institution' as institution, e -> 'facts' -> 'patient' ->> 'issuer' as issuer,
    e -> 'facts' -> 'patient' ->> 'id' as patient_id, (e -> 'facts' ->> 'person')::uuid as person,
    e -> 'facts' ->> 'evidence' as evidence, e -> 'facts' ->> 'kind' as kind,
    coalesce(e -> 'facts' -> 'other' ->> 'institution', '') as other_institution,
    coalesce(e -> 'facts' -> 'other' ->> 'issuer', '') as other_issuer,
    coalesce(e -> 'facts' -> 'other' ->> 'id', '') as other_patient_id,
    e -> 'facts' -> 'with' ->> 'institution' as with_institution, e -> 'facts' -> 'with' ->> 'issuer' as with_issuer,
    e -> 'facts' -> 'with' ->> 'id' as with_patient_id,
    array(select jsonb_array_elements_text(e -> 'facts' -> 'differs')) as differs
  from (select $1::jsonb) as told (e)) as given`;

const LINK = (state: 'linked' | 'unlinked'): string => `
  insert into patient_link (institution, issuer, patient_id, person, state, evidence, event, at)
  select institution, issuer, patient_id, person, '${state}', evidence, event, at from ${GIVEN} where person is not null
  on conflict (institution, issuer, patient_id, person) do update set
    state = excluded.state, evidence = excluded.evidence, event = excluded.event, at = excluded.at`;

/** What a steward decides of a patient settles what was in doubt of it, or between it and whom it is linked with. */
const SETTLE = `update patient_collision c set is_settled = true from ${GIVEN}
  where given.evidence = 'manual' and not c.is_settled
    and ((c.institution, c.issuer, c.patient_id) = (given.institution, given.issuer, given.patient_id)
      or ((c.institution, c.issuer, c.patient_id) = (given.with_institution, given.with_issuer, given.with_patient_id)
        and (c.other_institution, c.other_issuer, c.other_patient_id)
          = (given.institution, given.issuer, given.patient_id)))`;

const COLLIDE = `
  insert into patient_collision (institution, issuer, patient_id, kind, other_institution, other_issuer,
    other_patient_id, differs, event, at)
  select institution, issuer, patient_id, kind, other_institution, other_issuer, other_patient_id, differs, event, at
  from ${GIVEN}
  on conflict (institution, issuer, patient_id, kind, other_institution, other_issuer, other_patient_id) do update set
    differs = excluded.differs, event = excluded.event, at = excluded.at, is_settled = false
  where patient_collision.event <> excluded.event`;

const APPLY: Partial<Record<EventKind, readonly string[]>> = {
  'patient.linked': [LINK('linked'), SETTLE],
  'patient.unlinked': [LINK('unlinked'), SETTLE],
  'patient.collided': [COLLIDE],
};

export type LinkRow = Patient & { person: string; state: 'linked' | 'unlinked'; evidence: string; at: string };

const LINKS = `l.institution, l.issuer, l.patient_id as id, l.person::text as person, l.state, l.evidence,
  to_char(l.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`;

/** Of these patients, linked or not any more. Index: primary key. */
export async function linksOf(sql: Sql, patients: readonly Patient[]): Promise<LinkRow[]> {
  return sql.query<LinkRow>(
    `select ${LINKS} from unnest($1::text[], $2::text[], $3::text[]) as p (institution, issuer, id)
     join patient_link l on l.institution = p.institution and l.issuer = p.issuer and l.patient_id = p.id
     order by l.institution, l.issuer, l.patient_id, l.person`,
    columnsOf(patients),
  );
}

/** Everybody who is linked to these persons. Index: patient_link_person. */
export async function membersOf(sql: Sql, persons: readonly string[]): Promise<LinkRow[]> {
  return sql.query<LinkRow>(
    `select ${LINKS} from patient_link l where l.person = any($1::uuid[]) and l.state = 'linked'
     order by l.institution, l.issuer, l.patient_id`,
    [persons],
  );
}

export type CollisionRow = Patient & {
  kind: 'curp' | 'patient-id';
  otherInstitution: string;
  otherIssuer: string;
  otherId: string;
  differs: string[];
  at: string;
  isSettled: boolean;
};

const COLLISIONS = `c.institution, c.issuer, c.patient_id as id, c.kind, c.other_institution as "otherInstitution",
  c.other_issuer as "otherIssuer", c.other_patient_id as "otherId", c.differs,
  to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, c.is_settled as "isSettled"`;

/** Of these patients, settled or not. Index: primary key. */
export async function collisionsOf(sql: Sql, patients: readonly Patient[]): Promise<CollisionRow[]> {
  return sql.query<CollisionRow>(
    `select ${COLLISIONS} from unnest($1::text[], $2::text[], $3::text[]) as p (institution, issuer, id)
     join patient_collision c on c.institution = p.institution and c.issuer = p.issuer and c.patient_id = p.id
     order by c.at, c.institution, c.issuer, c.patient_id, c.kind`,
    columnsOf(patients),
  );
}

/**
 * What waits for a steward, the oldest first: all that it names is of institutions that the caller sees.
 * Index: patient_collision_open.
 */
export async function openCollisions(
  sql: Sql,
  institutions: readonly string[] | undefined,
  limit: number,
): Promise<CollisionRow[]> {
  return sql.query<CollisionRow>(
    `select ${COLLISIONS} from patient_collision c where not c.is_settled
       and ($1::text[] is null or (c.institution = any($1::text[])
         and (c.other_institution = '' or c.other_institution = any($1::text[]))))
     order by c.at, c.institution, c.issuer, c.patient_id limit $2`,
    [institutions ?? null, limit],
  );
}
