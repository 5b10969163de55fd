import type { Institution } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { INSTITUTION, type InstitutionGiven, understood } from './description.ts';
import { institutionByCode } from './directory.repo.ts';
import { type How, type Registering, record, registering } from './registering.ts';

export type InstitutionChange = { institution: string; how: How };

/**
 * Say what an institution is, for the first time or anew.
 * @throws {Failure} request/invalid, access/denied
 */
export async function describeInstitution(db: Db, op: Op, given: InstitutionGiven): Promise<InstitutionChange> {
  const institution = understood(INSTITUTION, given);
  return registering(db, op, (at) => putInstitution(at, institution));
}

export async function putInstitution(at: Registering, institution: Institution): Promise<InstitutionChange> {
  const { code } = institution;
  at.op.allow('administer', code);
  const before = await institutionByCode(at.sql, code);
  if (before !== undefined && isSame(before, institution)) return { institution: code, how: 'unchanged' };
  await record(at, 'institution.described', { institution: code }, { institution });
  return { institution: code, how: before === undefined ? 'added' : 'changed' };
}

const isSame = (a: Institution, b: Institution): boolean =>
  a.name === b.name && a.state === b.state && (a.facilities ?? []).join() === (b.facilities ?? []).join();
