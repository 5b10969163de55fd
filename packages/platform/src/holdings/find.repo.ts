import type { Sql } from '../ports/sql.ts';
import type { View } from '../ports/view.ts';
import { Bound } from './bound.ts';
import { seriesKeyOf, studyKeyOf } from './keys.ts';
import { viewCondition } from './view.repo.ts';

/** Where an instance's file lies, and what it is. Offsets and lengths in bytes. */
export type Location = {
  segment: number;
  fileAt: number;
  fileBytes: number;
  headBytes: number;
  dataSetAt: number;
  dataSetBytes: number;
};

/** A study of one institution. */
export type HeldStudy = { institution: string; studyKey: string; studyUid: string };

export type HeldSeries = HeldStudy & {
  seriesKey: number;
  seriesUid: string;
  /** Character set of the sending device, '' for none: applies where an object declares none. */
  charsetDefault: string;
  instanceCount: number;
  /** When an instance was last added, as the database writes it. */
  lastStored: string;
};

/** Version 0 of an instance: what queries and retrievals answer (decision record 0005). */
export type HeldInstance = Location & {
  studyUid: string;
  seriesUid: string;
  sopUid: string;
  sopClassUid: string;
  transferSyntaxUid: string;
  /** SHA-256 of the data set, hex. */
  digest: string;
  instanceNumber: number | null;
  charsetDefault: string;
};

/** What an institution that holds the study has of what was asked for: perhaps nothing. */
export type Held<T> = { institution: string; held: T | undefined };

/** undefined: every institution. */
export type Institutions = readonly string[] | undefined;

const FILE = 'i.segment, i.file_at as "fileAt", i.file_bytes as "fileBytes", i.head_bytes as "headBytes"';
const LOCATION = `${FILE}, i.file_at + i.head_bytes as "dataSetAt", i.file_bytes - i.head_bytes as "dataSetBytes"`;
const SERIES = `r.series_key as "seriesKey", r.series_uid as "seriesUid", r.charset_default as "charsetDefault",
  r.instance_count as "instanceCount", r.last_stored::text as "lastStored"`;
const OWN = `${FILE}, i.sop_uid as "sopUid", c.uid as "sopClassUid", t.uid as "transferSyntaxUid",
  encode(i.digest, 'hex') as digest, i.instance_number as "instanceNumber"`;
const INSTANCE = `${OWN}, i.file_at + i.head_bytes as "dataSetAt", i.file_bytes - i.head_bytes as "dataSetBytes",
  r.series_uid as "seriesUid", r.charset_default as "charsetDefault"`;
const CODES = 'join uid_code c on c.code = i.sop_class join uid_code t on t.code = i.transfer_syntax';
/** Behind every Instance Number, which is an integer of 32 bits. */
const NO_NUMBER = 2 ** 32;

/** One version of an instance. Index: primary key of instance. */
export async function findLocation(
  sql: Sql,
  of: { institution: string; study: string; series: string; sop: string },
  version: number,
): Promise<Location | undefined> {
  const [row] = await sql.query<Location>(
    `select ${LOCATION} from instance i where study_key = $1 and series_key = $2 and sop_uid = $3 and version = $4`,
    [studyKeyOf(of.institution, of.study), seriesKeyOf(of.series), of.sop, version],
  );
  return row;
}

/**
 * The studies of this UID, by institution: of all of them, so the caller leaves out what may not be seen
 * (holdings/seen.ts). Index: study_uid.
 */
export async function findStudies(sql: Sql, studyUid: string): Promise<Held<HeldStudy>[]> {
  const rows = await sql.query<HeldStudy>(
    `select s.institution, s.study_key as "studyKey", s.study_uid as "studyUid" from study s
     where s.study_uid = $1 and s.instance_count > 0 order by s.institution`,
    [studyUid],
    { name: 'find-studies' },
  );
  return rows.map((held) => ({ institution: held.institution, held }));
}

/** The series in each study of this UID, of all institutions likewise. Indexes: study_uid, primary key of series. */
export async function findSeries(sql: Sql, studyUid: string, seriesUid: string): Promise<Held<HeldSeries>[]> {
  const rows = await sql.query<HeldSeries & { seriesKey: number | null }>(
    `select s.institution, s.study_key as "studyKey", s.study_uid as "studyUid", ${SERIES}
     from study s left join series r on r.study_key = s.study_key and r.series_key = $2 and r.instance_count > 0
     where s.study_uid = $1 order by s.institution`,
    [studyUid, seriesKeyOf(seriesUid)],
    { name: 'find-series' },
  );
  return rows.map((row) => ({ institution: row.institution, held: row.seriesKey === null ? undefined : row }));
}

/** A series without its study, wherever it is: the caller has to leave out what may not be seen. Index: series_uid. */
export async function findSeriesAnywhere(sql: Sql, seriesUid: string): Promise<HeldSeries[]> {
  return sql.query<HeldSeries>(
    `select s.institution, s.study_key as "studyKey", s.study_uid as "studyUid", ${SERIES}
     from series r join study s on s.study_key = r.study_key
     where r.series_uid = $1 and r.instance_count > 0
     order by s.institution, s.study_uid`,
    [seriesUid],
  );
}

/** An instance, and who has it. */
export type InstanceOf = { institution: string; held: HeldInstance };

/**
 * Instances without the UIDs above them, or with some: wherever they are, so the caller has to leave out what may not
 * be seen. Index: instance_sop, which has UIDs without their last two characters.
 */
export async function findInstancesAnywhere(
  sql: Sql,
  of: { sops: readonly string[]; study: string | undefined; series: string | undefined },
): Promise<InstanceOf[]> {
  const rows = await sql.query<HeldInstance & { institution: string }>(
    `select s.institution, s.study_uid as "studyUid", ${INSTANCE}
     from instance i join study s on s.study_key = i.study_key
     join series r on r.study_key = i.study_key and r.series_key = i.series_key ${CODES}
     where left(i.sop_uid, -2) = any($1::text[]) and i.sop_uid = any($2::text[]) and i.version = 0
       and ($3::text is null or s.study_uid = $3) and ($4::text is null or r.series_uid = $4)
     order by s.institution, s.study_uid, r.series_uid, i.sop_uid`,
    [of.sops.map((sop) => sop.slice(0, -2)), of.sops, of.study ?? null, of.series ?? null],
  );
  return rows.map(({ institution, ...held }) => ({ institution, held }));
}

/** UIDs of an instance that is looked for. */
export type InstanceUids = { study: string; series: string; sop: string };

/**
 * For each of some instances, what each institution has that holds its study: of all institutions, so the caller
 * has to leave out what may not be seen. Indexes: study_uid, primary keys of series, instance and uid_code.
 */
export async function findInstances(sql: Sql, of: readonly InstanceUids[]): Promise<Held<HeldInstance>[][]> {
  const rows = await sql.query<HeldInstance & { at: number; institution: string; segment: number | null }>(
    `select a.at, s.institution, s.study_uid as "studyUid", ${INSTANCE}
     from unnest($1::text[], $2::bigint[], $3::text[]) with ordinality as a (study_uid, series_key, sop_uid, at)
     join study s on s.study_uid = a.study_uid
     left join instance i on i.study_key = s.study_key and i.series_key = a.series_key and i.sop_uid = a.sop_uid
       and i.version = 0
     left join series r on r.study_key = i.study_key and r.series_key = i.series_key
     left join uid_code c on c.code = i.sop_class left join uid_code t on t.code = i.transfer_syntax
     order by a.at, s.institution`,
    [of.map(({ study }) => study), of.map(({ series }) => seriesKeyOf(series)), of.map(({ sop }) => sop)],
    { name: 'find-instances' },
  );
  const found: Held<HeldInstance>[][] = of.map(() => []);
  for (const { at, ...row } of rows) {
    found[at - 1]?.push({ institution: row.institution, held: row.segment === null ? undefined : row });
  }
  return found;
}

/** The series of a study, by number. Index: primary key of series. */
export async function listSeries(sql: Sql, study: HeldStudy): Promise<HeldSeries[]> {
  const rows = await sql.query<Omit<HeldSeries, keyof HeldStudy>>(
    `select ${SERIES} from series r where r.study_key = $1 and r.instance_count > 0
     order by r.series_number nulls last, r.series_uid`,
    [study.studyKey],
  );
  const { institution, studyKey, studyUid } = study;
  return rows.map((row) => ({ institution, studyKey, studyUid, ...row }));
}

/** The instances of a series, by number, then UID. Index: primary key of instance. */
export async function listInstances(sql: Sql, series: HeldSeries): Promise<HeldInstance[]> {
  const { studyUid, seriesUid, charsetDefault } = series;
  const rows = await sql.query<Omit<HeldInstance, 'studyUid' | 'seriesUid' | 'charsetDefault' | `dataSet${string}`>>(
    `select ${OWN}
     from instance i ${CODES}
     where i.study_key = $1 and i.series_key = $2 and i.version = 0
     order by i.instance_number nulls last, i.sop_uid`,
    [series.studyKey, series.seriesKey],
  );
  // What they have in common, and what follows from the rest, would be a third of what is sent and parsed.
  return rows.map((row) => ({
    ...row,
    studyUid,
    seriesUid,
    charsetDefault,
    dataSetAt: row.fileAt + row.headBytes,
    dataSetBytes: row.fileBytes - row.headBytes,
  }));
}

/**
 * The next instances of a series, by number, then UID. Each page sorts the series anew: ask for large ones.
 * Index: primary key of instance.
 * @param after the last one of the page before
 */
export async function pageInstances(
  sql: Sql,
  series: HeldSeries,
  after: Pick<HeldInstance, 'instanceNumber' | 'sopUid'> | undefined,
  limit: number,
): Promise<HeldInstance[]> {
  const { studyUid, seriesUid, charsetDefault } = series;
  const rows = await sql.query<Omit<HeldInstance, 'studyUid' | 'seriesUid' | 'charsetDefault' | `dataSet${string}`>>(
    `select ${OWN}
     from instance i ${CODES}
     where i.study_key = $1 and i.series_key = $2 and i.version = 0 and ($3::text is null
       or (coalesce(i.instance_number, $6::bigint), i.sop_uid) > (coalesce($4::bigint, $6::bigint), $3))
     order by i.instance_number nulls last, i.sop_uid limit $5`,
    [series.studyKey, series.seriesKey, after?.sopUid ?? null, after?.instanceNumber ?? null, limit, NO_NUMBER],
  );
  return rows.map((row) => ({
    ...row,
    studyUid,
    seriesUid,
    charsetDefault,
    dataSetAt: row.fileAt + row.headBytes,
    dataSetBytes: row.fileBytes - row.headBytes,
  }));
}

/** A study, and whose patient it is of: Patient IDs are of their issuer. */
export type PatientStudy = HeldStudy & { issuer: string };

/** The studies of a Patient ID that may be seen, by date. Index: study_patient. */
export async function findPatientStudies(
  sql: Sql,
  of: { patientId: string; issuer: string | undefined },
  view: View,
  limit: number,
): Promise<PatientStudy[]> {
  const bound = new Bound([of.patientId, of.issuer ?? null, limit]);
  const seen = viewCondition(bound, view) ?? 'true';
  return sql.query<PatientStudy>(
    `select s.institution, s.study_key as "studyKey", s.study_uid as "studyUid", s.issuer from study s
     where s.patient_id = $1 and ($2::text is null or s.issuer = $2)
       and ${seen} and s.instance_count > 0
     order by s.study_date nulls last, s.study_time nulls last, s.study_key limit $3`,
    bound.values,
  );
}

/** The transfer syntaxes in which a study, or one series of it, is stored. Index: primary key of instance. */
export async function listTransferSyntaxes(sql: Sql, of: { studyKey: string; seriesKey?: number }): Promise<string[]> {
  const rows = await sql.query<{ uid: string }>(
    `select uid from uid_code where code in (select transfer_syntax from instance
       where study_key = $1 and ($2::bigint is null or series_key = $2) and version = 0)`,
    [of.studyKey, of.seriesKey ?? null],
  );
  return rows.map(({ uid }) => uid);
}
