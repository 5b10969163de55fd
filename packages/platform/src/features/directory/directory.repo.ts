import type { Facility, Institution, Role, RoleGrant, Sensitivity } from '../../ports/directory.ts';
import type { Sql } from '../../ports/sql.ts';

/** A row is as of a change; null: removed. */
type Revised<T> = T & { revision: number };
export type InstitutionRow = Revised<Institution>;
export type FacilityRow = Revised<Facility>;
/** A removed person keeps its row, so that its id stays taken: without login and name. */
export type PersonRow = Revised<{
  id: string;
  login: string | null;
  name: string | null;
  institution: string;
  isActive: boolean;
}>;
export type GrantRow = Revised<RoleGrant & { id: string; person: string }>;
export type SensitivityRow = Revised<{
  institution: string;
  issuer: string;
  patientId: string;
  studyUid: string;
  label: Sensitivity;
  reason: string;
  event: string;
  at: string;
}>;

/** Changes are made one after the other, so that a revision is never visible before a lower one. */
export async function lockDirectory(sql: Sql): Promise<void> {
  await sql.query(`select pg_advisory_xact_lock(hashtext('acervo directory'))`);
}

export async function directoryRevision(sql: Sql): Promise<number> {
  const [row] = await sql.query<{ revision: number }>('select revision from directory_state');
  return row?.revision ?? 0;
}

export async function putRevision(sql: Sql, revision: number): Promise<void> {
  await sql.query(
    `insert into directory_state (revision) values ($1)
     on conflict (id) do update set revision = greatest(directory_state.revision, excluded.revision)`,
    [revision],
  );
}

/** Rows of a higher revision stay, in this and what follows: a replay of older events changes nothing. */
export async function putInstitutions(sql: Sql, rows: readonly InstitutionRow[]): Promise<void> {
  await sql.query(
    `insert into institution (code, name, state, facilities, revision)
     select code, name, state, coalesce(facilities, '{}'), revision from jsonb_to_recordset($1::jsonb)
       as given (code text, name text, state text, facilities text[], revision bigint)
     on conflict (code) do update set name = excluded.name, state = excluded.state, facilities = excluded.facilities,
       revision = excluded.revision
       where institution.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

export async function putFacilities(sql: Sql, rows: readonly FacilityRow[]): Promise<void> {
  await sql.query(
    `insert into facility (clues, institution, name, state, edition, revision)
     select clues, institution, name, state, edition, revision from jsonb_to_recordset($1::jsonb)
       as given (clues text, institution text, name text, state text, edition date, revision bigint)
     on conflict (clues) do update set institution = excluded.institution, name = excluded.name,
       state = excluded.state, edition = excluded.edition, revision = excluded.revision
       where facility.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

export async function putPeople(sql: Sql, rows: readonly PersonRow[]): Promise<void> {
  await sql.query(
    `insert into person (id, login, name, institution, is_active, revision)
     select id, login, name, institution, "isActive", revision from jsonb_to_recordset($1::jsonb)
       as given (id uuid, login text, name text, institution text, "isActive" boolean, revision bigint)
     on conflict (id) do update set login = excluded.login, name = excluded.name, institution = excluded.institution,
       is_active = excluded.is_active, revision = excluded.revision
       where person.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

export async function putGrants(sql: Sql, rows: readonly GrantRow[]): Promise<void> {
  await sql.query(
    `insert into person_role (id, person, role, institution, valid_from, valid_until, revision)
     select id, person, role, institution, "from", "until", revision from jsonb_to_recordset($1::jsonb)
       as given (id uuid, person uuid, role text, institution text, "from" timestamptz, "until" timestamptz,
         revision bigint)
     on conflict (id) do update set valid_from = excluded.valid_from, valid_until = excluded.valid_until,
       revision = excluded.revision
       where person_role.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

export async function putSensitivities(sql: Sql, rows: readonly SensitivityRow[]): Promise<void> {
  await sql.query(
    `insert into sensitivity (institution, issuer, patient_id, study_uid, label, reason, event, at, revision)
     select institution, issuer, "patientId", "studyUid", label, reason, event, at, revision
     from jsonb_to_recordset($1::jsonb) as given (institution text, issuer text, "patientId" text, "studyUid" text,
       label text, reason text, event uuid, at timestamptz, revision bigint)
     on conflict (institution, patient_id, issuer, study_uid, label) do update set reason = excluded.reason,
       event = excluded.event, at = excluded.at, revision = excluded.revision
       where sensitivity.revision < excluded.revision`,
    [JSON.stringify(rows)],
  );
}

type Marked = Omit<SensitivityRow, 'reason' | 'event' | 'at' | 'revision'>;

/** What was marked by a later change stays. */
export async function deleteSensitivity(sql: Sql, row: Revised<Marked>): Promise<void> {
  const { institution, patientId, issuer, studyUid, label, revision } = row;
  await sql.query(
    `delete from sensitivity where institution = $1 and patient_id = $2 and issuer = $3 and study_uid = $4
     and label = $5 and revision < $6`,
    [institution, patientId, issuer, studyUid, label, revision],
  );
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;
const iso = (column: string): string => `to_char(${column} at time zone 'UTC', ${ISO})`;

const INSTITUTIONS = `select code, name, state, facilities, revision from institution`;
const FACILITIES = `select clues, institution, name, state, edition::text as edition, revision from facility`;
const PEOPLE = `select id::text as id, login, name, institution, is_active as "isActive", revision from person`;
const GRANTS = `select id::text as id, person::text as person, role, institution, ${iso('valid_from')} as "from",
  ${iso('valid_until')} as "until", revision from person_role`;
const SENSITIVITIES = `select institution, issuer, patient_id as "patientId", study_uid as "studyUid", label, reason,
  event::text as event, ${iso('at')} as at, revision from sensitivity`;

export async function institutionByCode(sql: Sql, code: string): Promise<InstitutionRow | undefined> {
  const [row] = await sql.query<InstitutionRow>(`${INSTITUTIONS} where code = $1`, [code]);
  return row && withoutNull(row);
}

export async function personById(sql: Sql, id: string): Promise<PersonRow | undefined> {
  if (!UUID.test(id)) return undefined;
  const [row] = await sql.query<PersonRow>(`${PEOPLE} where id = $1::uuid`, [id]);
  return row;
}

/** Index: person_login. */
export async function personByLogin(sql: Sql, login: string): Promise<PersonRow | undefined> {
  const [row] = await sql.query<PersonRow>(`${PEOPLE} where login = $1`, [login]);
  return row;
}

/** Index: person_role_person. */
export async function grantsOf(sql: Sql, person: string): Promise<GrantRow[]> {
  const rows = await sql.query<GrantRow>(`${GRANTS} where person = $1::uuid order by valid_from, id`, [person]);
  return rows.map(withoutNull);
}

/** Editions in the catalogue as it is kept, the newest first. */
export async function latestEdition(sql: Sql): Promise<string | undefined> {
  const [row] = await sql.query<{ edition: string | null }>('select max(edition)::text as edition from facility');
  return row?.edition ?? undefined;
}

export async function facilitiesAfter(sql: Sql, clues: string, limit: number): Promise<FacilityRow[]> {
  return sql.query<FacilityRow>(`${FACILITIES} where clues > $1 order by clues limit $2`, [clues, limit]);
}

/** Of which CLUES or name these are the first characters. Indexes: facility_pkey, facility_name. */
export async function facilitiesBegun(sql: Sql, begun: string, limit: number): Promise<FacilityRow[]> {
  const prefix = `${begun.replaceAll(/[\\%_]/g, (character) => `\\${character}`)}%`;
  return sql.query<FacilityRow>(
    `${FACILITIES} where clues like upper($1) or lower(name) like lower($1) order by clues limit $2`,
    [prefix, limit],
  );
}

/** @param institution  undefined: of all. Index: sensitivity_pkey. */
export async function sensitivitiesOf(
  sql: Sql,
  institutions: readonly string[] | undefined,
  limit: number,
): Promise<SensitivityRow[]> {
  return sql.query<SensitivityRow>(
    `${SENSITIVITIES} where $1::text[] is null or institution = any($1::text[])
     order by institution, patient_id, issuer, study_uid, label limit $2`,
    [institutions ?? null, limit],
  );
}

export async function isMarked(sql: Sql, row: Marked): Promise<boolean> {
  const { institution, patientId, issuer, studyUid, label } = row;
  const rows = await sql.query(
    `select from sensitivity where institution = $1 and patient_id = $2 and issuer = $3 and study_uid = $4
     and label = $5`,
    [institution, patientId, issuer, studyUid, label],
  );
  return rows.length > 0;
}

/** What changed: rows of whichever table, told apart by `kind`. */
export type ChangedRow =
  | { kind: 'institution'; row: InstitutionRow }
  | { kind: 'facility'; row: FacilityRow }
  | { kind: 'person'; row: PersonRow }
  | { kind: 'role'; row: GrantRow & { role: Role } };

export type Place = { revision: number; kind: string; key: string };

/**
 * What changed after a place, in the order of revisions; one statement, so that it is of one moment. The rows of one
 * edition share theirs, hence kind and key. Indexes: the unique ones of revision, facility_revision.
 */
export async function changesAfter(sql: Sql, after: Place, limit: number): Promise<(ChangedRow & Place)[]> {
  const part = (kind: string, key: string, select: string): string =>
    `select '${kind}' collate "C" as kind, ${key} collate "C" as key, revision, to_jsonb(one) as "row"
     from (${select} where revision >= $1) as one`;
  const parts = [
    part('institution', 'code', INSTITUTIONS),
    part('facility', 'clues', FACILITIES),
    part('person', 'id', PEOPLE),
    part('role', 'id', GRANTS),
  ];
  const rows = await sql.query<ChangedRow & Place>(
    `select kind, key, revision, "row" from (${parts.join(' union all ')}) as changed
     where (revision, kind, key) > ($1, $2, $3) order by revision, kind, key limit $4`,
    [after.revision, after.kind, after.key, limit],
  );
  return rows.map((changed) => ({ ...changed, row: withoutNull(changed.row) }) as ChangedRow & Place);
}

/** A person's login and name may be null; of what else may be absent null says so. */
function withoutNull<T extends object>(row: T): T {
  const entries = Object.entries(row).filter(([name, value]) => value !== null || name === 'login' || name === 'name');
  return Object.fromEntries(entries) as T;
}

/** What others see of a row. */
export function withoutRevision<T extends { revision: number }>(row: T): Omit<T, 'revision'> {
  const { revision: _, ...rest } = row;
  return rest;
}
