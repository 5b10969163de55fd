import { studyKeyOf } from '../../holdings/keys.ts';
import type { Sql } from '../../ports/sql.ts';

export type StudyToExport = { studyKey: string; institution: string; study: string };

/** Studies behind a key, in the order of keys. Index: primary key of study. */
export async function studiesAfter(sql: Sql, after: string | undefined, limit: number): Promise<StudyToExport[]> {
  return sql.query<StudyToExport>(
    `select study_key::text as "studyKey", institution, study_uid as study from study
     where $1::uuid is null or study_key > $1::uuid order by study_key limit $2`,
    [after ?? null, limit],
  );
}

/** Index: primary key of study. */
export async function findStudy(sql: Sql, institution: string, study: string): Promise<StudyToExport | undefined> {
  const [row] = await sql.query<StudyToExport>(
    `select study_key::text as "studyKey", institution, study_uid as study from study where study_key = $1`,
    [studyKeyOf(institution, study)],
  );
  return row;
}

export type InstanceToExport = {
  seriesKey: number;
  series: string;
  sop: string;
  version: number;
  segment: number;
  at: number;
  bytes: number;
  head: number;
  digest: string;
  transferSyntax: string;
  sopClass: string;
};

/** Instances of a study behind one of them, by series and UID. Index: primary key of instance. */
export async function instancesAfter(
  sql: Sql,
  studyKey: string,
  after: Pick<InstanceToExport, 'seriesKey' | 'sop' | 'version'> | undefined,
  versions: boolean,
  limit: number,
): Promise<InstanceToExport[]> {
  return sql.query<InstanceToExport>(
    `select i.series_key as "seriesKey", r.series_uid as series, i.sop_uid as sop, i.version, i.segment,
       i.file_at as at,
       i.file_bytes as bytes, i.head_bytes as head, encode(i.digest, 'hex') as digest, t.uid as "transferSyntax",
       c.uid as "sopClass"
     from instance i
     join series r on r.study_key = i.study_key and r.series_key = i.series_key
     join uid_code t on t.code = i.transfer_syntax join uid_code c on c.code = i.sop_class
     where i.study_key = $1 and (i.series_key, i.sop_uid, i.version) > ($2, $3, $4) and ($5 or i.version = 0)
     order by i.series_key, i.sop_uid, i.version limit $6`,
    [studyKey, after?.seriesKey ?? -1, after?.sop ?? '', after?.version ?? -1, versions, limit],
  );
}
