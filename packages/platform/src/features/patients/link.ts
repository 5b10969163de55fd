import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { viewOf } from '../../holdings/scope.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import type { Known } from './decide.ts';
import { knownOf } from './known.ts';
import { collisionsOf, lockPatients, recordPatientEvents } from './links.repo.ts';
import { isSamePatient, type Patient, patientRef } from './patient.ts';
import { linkedEvent, personOfCurp } from './resolve.ts';

/** Characters of a reason. */
export const REASON_CHARS_MAX = 500;

/** The patients whose link changed: none where it was so already. */
export type Changed = { changed: readonly string[] };

/**
 * A steward says that two patients are one person. What their institutions call them, and their studies, stay.
 * @throws {Failure} retrieve/not-found, access/denied, request/invalid, patient/linked-otherwise when each is linked
 *   with others already: one has to be unlinked first
 */
export async function linkPatients(
  db: Db,
  op: Op,
  pair: readonly [Patient, Patient],
  reason: string,
): Promise<Changed> {
  if (isSamePatient(...pair)) throw new Failure('request/invalid', 'a patient is linked with another one');
  for (const patient of pair) permit(op, patient);
  return db.transaction(async (sql) => {
    await lockPatients(sql);
    const known = await held(sql, pair);
    const persons = [...new Set(known.flatMap(({ linkedTo }) => (linkedTo === undefined ? [] : [linkedTo])))];
    if (persons.length > 1)
      throw new Failure('patient/linked-otherwise', 'each is linked with others: unlink one first');
    const person = persons[0] ?? newId();
    const joining = known.filter(({ linkedTo }) => linkedTo === undefined).map(({ patient }) => patient);
    await recordPatientEvents(
      sql,
      joining.map((patient) => {
        const [other] = pair.filter((each) => !isSamePatient(each, patient)) as [Patient];
        return linkedEvent(op, patient, { person, evidence: 'manual', reason, with: other });
      }),
    );
    return { changed: joining.map(patientRef) };
  });
}

/**
 * A steward says that a patient is not the person whom it is linked with, or whom its CURP stands for. It stays apart
 * until it is linked by hand.
 * @throws {Failure} retrieve/not-found, access/denied, patient/linked-otherwise when there is neither link nor doubt
 */
export async function unlinkPatient(db: Db, op: Op, patient: Patient, reason: string): Promise<Changed> {
  permit(op, patient);
  return db.transaction(async (sql) => {
    await lockPatients(sql);
    const [known] = (await held(sql, [patient])) as [Known];
    const persons = known.linkedTo === undefined ? await doubtful(sql, known) : [known.linkedTo];
    if (persons.length === 0) throw new Failure('patient/linked-otherwise', 'neither linked nor in doubt');
    await recordPatientEvents(
      sql,
      persons.map((person) =>
        envelopeOf(
          op,
          'patient.unlinked',
          { institution: patient.institution },
          { patient, ...(person !== null && { person }), evidence: 'manual', reason },
        ),
      ),
    );
    return { changed: [patientRef(patient)] };
  });
}

/** Of a patient with an open collision: whom its CURPs stand for, so that they never link it; null without a CURP. */
async function doubtful(sql: Sql, { patient, curps }: Known): Promise<(string | null)[]> {
  const open = (await collisionsOf(sql, [patient])).filter(({ isSettled }) => !isSettled);
  if (open.length === 0) return [];
  return curps.length === 0 ? [null] : curps.map(personOfCurp);
}

function permit(op: Op, { institution }: Patient): void {
  if (!op.may('steward', institution)) viewOf(op, 'query', institution);
  op.allow('steward', institution);
}

async function held(sql: Sql, patients: readonly Patient[]): Promise<Known[]> {
  const known = await knownOf(sql, patients);
  if (known.some(({ told }) => told.length === 0)) throw new Failure('retrieve/not-found', 'no such patient');
  return known;
}
