import type { Sql } from '../ports/sql.ts';
import type { Institutions } from './find.repo.ts';

/** One version of an instance that is known by its SOP Instance UID alone. Offsets and lengths in bytes. */
export type HeldSop = {
  sopUid: string;
  institution: string;
  sopClassUid: string;
  segment: number;
  fileAt: number;
  fileBytes: number;
};

/**
 * Every version of these instances that an institution holds, whatever their studies.
 * Indexes: instance_sop, primary keys of study and uid_code.
 */
export async function findBySopUid(
  sql: Sql,
  sopUids: readonly string[],
  institutions: Institutions,
): Promise<HeldSop[]> {
  return sql.query<HeldSop>(
    `select i.sop_uid as "sopUid", s.institution, c.uid as "sopClassUid", i.segment, i.file_at as "fileAt",
       i.file_bytes as "fileBytes"
     from unnest($1::text[]) as a (uid)
     join instance i on left(i.sop_uid, -2) = left(a.uid, -2) and i.sop_uid = a.uid
     join study s on s.study_key = i.study_key
     join uid_code c on c.code = i.sop_class
     where $2::text[] is null or s.institution = any($2::text[])`,
    [sopUids, institutions ?? null],
    { name: 'find-by-sop' },
  );
}
