import { createHash } from 'node:crypto';
import { parseCurp } from '@acervo/interop/mexico/curp.ts';
import { uuidText } from '@acervo/kernel/id.ts';
import { CURP } from '../../holdings/patient-identifiers.ts';
import { type Envelope, envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { EVERYTHING } from '../../ports/view.ts';
import { type Collision, decide, differsFromItself } from './decide.ts';
import { knownOf } from './known.ts';
import { collisionsOf, lockPatients, recordPatientEvents } from './links.repo.ts';
import { isSamePatient, type Patient } from './patient.ts';
import { patientsWith, takeWork, tellersOf } from './patients.repo.ts';

/** Studies of one transaction. */
const STUDIES_AT_ONCE = 50;
/** Patients of one CURP that are compared with each other. */
const BEARERS_MAX = 100;

/**
 * Look at some of the studies that came: do they tell of a patient who is known elsewhere by the same CURP, or what
 * cannot be of one person? Links, collisions and that the studies were looked at are one transaction.
 * @returns how many studies were looked at
 */
export async function resolveSome(db: Db, op: Op): Promise<number> {
  return db.transaction(async (sql) => {
    await lockPatients(sql);
    const studies = await takeWork(sql, STUDIES_AT_ONCE);
    if (studies.length === 0) return 0;
    const { patients, curps } = await tellersOf(sql, studies);
    const known = await knownOf(sql, patients);
    const contradictory = known.map(differsFromItself).filter((collision) => collision !== undefined);
    await recordPatientEvents(sql, await collided(sql, op, contradictory, undefined));
    for (const curp of curps) await resolveCurp(sql, op, curp);
    return studies.length;
  });
}

async function resolveCurp(sql: Sql, op: Op, text: string): Promise<void> {
  const curp = parseCurp(text);
  if (typeof curp === 'string') return; // Not of this version's rules.
  const bearers = await patientsWith(sql, { id: curp.text, issuer: CURP.issuer }, EVERYTHING, BEARERS_MAX);
  const { person, linked, collisions } = decide(curp, personOfCurp(curp.text), await knownOf(sql, bearers));
  const links = linked.map((patient) => linkedEvent(op, patient, { person, evidence: 'curp', curp: curp.text }));
  await recordPatientEvents(sql, [...links, ...(await collided(sql, op, collisions, person))]);
}

/** The same in every process, so that two who see a CURP at once mean one person. */
export const personOfCurp = (curp: string): string => uuidText(createHash('sha256').update(`curp\0${curp}`).digest());

/** That a patient is this person: of its institution, whatever else the person is. */
export const linkedEvent = (op: Op, patient: Patient, facts: Envelope['facts']): Envelope =>
  envelopeOf(op, 'patient.linked', { institution: patient.institution }, { patient, ...facts });

/** A doubt about a patient is told once, also when a steward has settled it; another one is told anew. */
async function collided(
  sql: Sql,
  op: Op,
  collisions: readonly Collision[],
  person: string | undefined,
): Promise<Envelope[]> {
  const patients = collisions.map(({ patient }) => patient);
  const held = await collisionsOf(sql, patients);
  return collisions
    .filter(({ patient, kind, differs }) => {
      const before = held.filter((row) => row.kind === kind && isSamePatient(row, patient));
      return !before.some((row) => row.differs.join() === differs.join());
    })
    .map(({ patient, kind, other, differs }) =>
      envelopeOf(
        op,
        'patient.collided',
        { institution: patient.institution, outcome: 'warning' },
        { patient, kind, differs, ...(other && { other }), ...(person !== undefined && { person }) },
      ),
    );
}
