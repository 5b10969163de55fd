import { Failure } from '@acervo/kernel/failure.ts';
import { type Patient, patientRef } from '../../holdings/patient.ts';
import { scopeOf } from '../../holdings/scope.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import {
  type DecisionRow,
  decisionsAt,
  decisionsOf,
  lockDecisions,
  recordDecision,
  samePerson,
  studiesOf,
} from './rights.repo.ts';

export type Decision = 'refused' | 'permitted';

/** What applies to a patient, and by whose decision. */
export type SecondaryUse = {
  patient: string;
  /** Undecided: nobody has refused. */
  state: Decision | 'undecided';
  decisions: { patient: string; state: Decision; at: string }[];
};

const DECISIONS_MAX = 1_000;

/**
 * Write down what a patient has decided of the use of its data beyond its care. Nothing is removed from the archive:
 * what is made from it later leaves the patient out.
 * @throws {Failure} access/denied, retrieve/not-found
 */
export async function decideSecondaryUse(
  db: Db,
  op: Op,
  patient: Patient,
  decided: { decision: Decision; reason: string },
): Promise<SecondaryUse> {
  op.allow('steward', patient.institution);
  return db.transaction(async (sql) => {
    await lockDecisions(sql);
    await mustBeHeld(sql, patient);
    const [known] = await decisionsOf(sql, [patient]);
    if (known?.state !== decided.decision) {
      const { institution } = patient;
      const kind = `secondary-use.${decided.decision}` as const;
      await recordDecision(sql, envelopeOf(op, kind, { institution }, { patient, reason: decided.reason }));
    }
    return stateOf(sql, op, patient);
  });
}

/** What applies to a patient. @throws {Failure} access/denied, retrieve/not-found */
export async function secondaryUseOf(db: Db, op: Op, patient: Patient): Promise<SecondaryUse> {
  op.allow('audit', patient.institution);
  await mustBeHeld(db, patient);
  return stateOf(db, op, patient);
}

/** The ledger of the institutions that the caller sees, the newest first. @throws {Failure} access/denied */
export async function listDecisions(db: Db, op: Op): Promise<SecondaryUse['decisions']> {
  op.allow('audit', op.institution);
  const decisions = await decisionsAt(db, scopeOf(op), DECISIONS_MAX);
  return decisions.filter(({ institution }) => op.may('audit', institution)).map(shown);
}

/**
 * A refusal of one of those who are one person counts for all of them: consent is of persons, not of numbers. Of whom
 * the caller does not see it is applied, and not told.
 */
async function stateOf(sql: Sql, op: Op, patient: Patient): Promise<SecondaryUse> {
  const decisions = await decisionsOf(sql, await samePerson(sql, patient));
  const isRefused = decisions.some(({ state }) => state === 'refused');
  return {
    patient: patientRef(patient),
    state: isRefused ? 'refused' : decisions.length > 0 ? 'permitted' : 'undecided',
    decisions: decisions.filter(({ institution }) => op.may('audit', institution)).map(shown),
  };
}

const shown = ({ institution, issuer, id, state, at }: DecisionRow) => ({
  patient: patientRef({ institution, issuer, id }),
  state,
  at,
});

async function mustBeHeld(sql: Sql, patient: Patient): Promise<void> {
  if ((await studiesOf(sql, [patient], 1)).length === 0) throw new Failure('retrieve/not-found', 'no such patient');
}
