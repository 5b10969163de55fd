import type { Sql } from '../ports/sql.ts';
import { findInstancesAnywhere, type HeldInstance } from './find.repo.ts';

/**
 * Objects of a study by their SOP Instance UIDs, in that order, as its institution holds them; what it does not hold
 * is left out.
 */
export async function heldObjects(
  sql: Sql,
  { institution, studyUid: study }: { institution: string; studyUid: string },
  sops: readonly string[],
): Promise<HeldInstance[]> {
  if (sops.length === 0) return [];
  const found = await findInstancesAnywhere(sql, { sops, study, series: undefined });
  const own = new Map(found.filter((each) => each.institution === institution).map(({ held }) => [held.sopUid, held]));
  return sops.flatMap((sop) => own.get(sop) ?? []);
}
