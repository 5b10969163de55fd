import { columnsOf, type Patient } from '../../holdings/patient.ts';
import { type Envelope, type EventKind, eventText } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import type { Sql } from '../../ports/sql.ts';

/** A study of a patient, as it is named in the journal. */
export type StudyOfPatient = { institution: string; study: string };

/** Whoever is linked with a patient, and the patient itself, each once. Indexes: primary key, patient_link_person. */
export async function samePerson(sql: Sql, { institution, issuer, id }: Patient): Promise<Patient[]> {
  return sql.query<Patient>(
    `select $1::text as institution, $2::text as issuer, $3::text as id
     union
     select other.institution, other.issuer, other.patient_id
     from patient_link own join patient_link other on other.person = own.person and other.state = 'linked'
     where own.institution = $1 and own.issuer = $2 and own.patient_id = $3 and own.state = 'linked'
     order by 1, 2, 3`,
    [institution, issuer, id],
  );
}

/** The studies of some patients. Index: study_patient. */
export async function studiesOf(sql: Sql, patients: readonly Patient[], limit: number): Promise<StudyOfPatient[]> {
  return sql.query<StudyOfPatient>(
    `select s.institution, s.study_uid as study
     from unnest($1::text[], $2::text[], $3::text[]) as p (institution, issuer, id)
     join study s on s.patient_id = p.id and s.issuer = p.issuer and s.institution = p.institution
     order by s.institution, s.study_uid limit $4`,
    [...columnsOf(patients), limit],
  );
}

export type Period = { from: string; until: string };

/**
 * Events of some kinds about some studies, in the order of their time. Index: journal_study.
 * @param period  RFC 3339; `until` itself is outside
 */
export async function eventsOfStudies(
  sql: Sql,
  studies: readonly StudyOfPatient[],
  kinds: readonly EventKind[],
  { from, until }: Period,
  limit: number,
): Promise<Envelope[]> {
  const rows = await sql.query<{ event: string }>(
    `select j.event from unnest($1::text[], $2::text[]) as p (institution, study)
     join journal j on j.study = p.study and j.institution = p.institution
     where j.study <> '' and j.kind = any($3::text[]) and j.at >= $4 and j.at < $5
     order by j.at, j.id limit $6`,
    [studies.map(({ institution }) => institution), studies.map(({ study }) => study), kinds, from, until, limit],
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

/** Exports that name no study, of these institutions or of the whole archive. Index: journal_without_study. */
export async function wholeExports(
  sql: Sql,
  institutions: readonly string[],
  { from, until }: Period,
  limit: number,
): Promise<Envelope[]> {
  const rows = await sql.query<{ event: string }>(
    `select event from journal where study = '' and kind in ('export.finished') and at >= $2 and at < $3
       and (institution = '' or institution = any($1::text[])) order by at, id limit $4`,
    [institutions, from, until, limit],
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

const KINDS = ['secondary-use.refused', 'secondary-use.permitted'] as const satisfies readonly EventKind[];

/** Decisions on secondary use stand in no pack: their events bring them back. */
export const secondaryUses: JournalProjection = { kinds: KINDS, apply: applyDecisions };

/** One at a time, so that the last decision is the one that was written down last. */
export async function lockDecisions(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo secondary use'))`);
}

/** The fact and its row, together. The caller holds `lockDecisions`. */
export async function recordDecision(sql: Sql, event: Envelope): Promise<void> {
  await insertEvents(sql, [event]);
  await applyDecisions(sql, [event]);
}

async function applyDecisions(sql: Sql, events: readonly Envelope[]): Promise<void> {
  for (const event of events) {
    await sql.query(
      `insert into secondary_use (institution, issuer, patient_id, state, event, at)
       select e -> 'facts' -> 'patient' ->> 'institution', e -> 'facts' -> 'patient' ->> 'issuer',
         e -> 'facts' -> 'patient' ->> 'id', split_part(e ->> 'kind', '.', 2), (e ->> 'id')::uuid,
         (e ->> 'at')::timestamptz
       from (select $1::jsonb) as told (e)
       on conflict (institution, issuer, patient_id) do update set
         state = excluded.state, event = excluded.event, at = excluded.at`,
      [eventText(event)],
    );
  }
}

export type DecisionRow = Patient & { state: 'refused' | 'permitted'; at: string };

const DECISION = `d.institution, d.issuer, d.patient_id as id, d.state,
  to_char(d.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`;

/** What some patients have decided. Index: primary key. */
export async function decisionsOf(sql: Sql, patients: readonly Patient[]): Promise<DecisionRow[]> {
  return sql.query<DecisionRow>(
    `select ${DECISION} from unnest($1::text[], $2::text[], $3::text[]) as p (institution, issuer, id)
     join secondary_use d on d.institution = p.institution and d.issuer = p.issuer and d.patient_id = p.id
     order by d.at, d.institution, d.issuer, d.patient_id`,
    columnsOf(patients),
  );
}

/** The ledger of an institution, the newest first. */
export async function decisionsAt(
  sql: Sql,
  institutions: readonly string[] | undefined,
  limit: number,
): Promise<DecisionRow[]> {
  return sql.query<DecisionRow>(
    `select ${DECISION} from secondary_use d where $1::text[] is null or d.institution = any($1::text[])
     order by d.at desc, d.institution, d.issuer, d.patient_id limit $2`,
    [institutions ?? null, limit],
  );
}
