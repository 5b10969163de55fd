import { Failure } from '@acervo/kernel/failure.ts';
import { scopeOf } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { SUBJECT, type SubjectGiven, understood } from './description.ts';
import { isMarked, type SensitivityRow, sensitivitiesOf } from './directory.repo.ts';
import { type How, type Registering, record, registering } from './registering.ts';

/** Marks that one question answers. */
export const MARKS_MAX = 10_000;

export type SensitivityChange = { institution: string; label: string; how: How };
type Subject = ReturnType<typeof SUBJECT.parse>;

/**
 * A patient or a study is seen by fewer from now on.
 * @throws {Failure} request/invalid, access/denied
 */
export async function markSensitive(db: Db, op: Op, given: SubjectGiven): Promise<SensitivityChange> {
  const subject = understood(SUBJECT, given);
  return registering(db, op, (at) => putMark(at, subject));
}

export async function putMark(at: Registering, subject: Subject): Promise<SensitivityChange> {
  const { institution, label, reason, study } = subject;
  at.op.allow('administer', institution);
  const row = rowOf(subject);
  if (await isMarked(at.sql, row)) return { institution, label, how: 'unchanged' };
  await record(at, 'sensitivity.marked', { institution, study: study ?? '' }, { ...row, reason });
  return { institution, label, how: 'added' };
}

/** @throws {Failure} request/not-found where it is not marked so */
export async function clearSensitive(db: Db, op: Op, given: SubjectGiven): Promise<SensitivityChange> {
  const subject = understood(SUBJECT, given);
  const { institution, label, reason, study } = subject;
  return registering(db, op, async (at) => {
    at.op.allow('administer', institution);
    const row = rowOf(subject);
    if (!(await isMarked(at.sql, row))) throw new Failure('request/not-found', `not marked ${label}`);
    await record(at, 'sensitivity.cleared', { institution, study: study ?? '' }, { ...row, reason });
    return { institution, label, how: 'removed' };
  });
}

/** What is marked at an institution, or at all that the caller sees and administers. @throws {Failure} access/denied */
export async function showSensitivities(sql: Sql, op: Op, institution?: string): Promise<SensitivityRow[]> {
  const seen = scopeOf(op);
  const isSeen = institution === undefined || (seen?.includes(institution) ?? true);
  if (!isSeen) throw new Failure('retrieve/not-found', 'no such institution for this caller');
  const institutions = institution === undefined ? seen : [institution];
  for (const each of institutions ?? []) op.allow('administer', each);
  if (institutions === undefined) op.allow('administer', op.institution);
  return sensitivitiesOf(sql, institutions, MARKS_MAX);
}

const rowOf = ({ institution, issuer, patientId = '', study = '', label }: Subject) => ({
  institution,
  issuer,
  patientId,
  studyUid: study,
  label,
});
