import type { Curp } from '@acervo/interop/mexico/curp.ts';
import type { Patient } from '../../holdings/patient.ts';
import { areStrangers, type Difference, differences, differsFromCurp, type Told } from './agree.ts';

/** A patient, what its studies tell, and what was decided before. */
export type Known = {
  patient: Patient;
  told: readonly Told[];
  /** Valid CURPs of its studies. */
  curps: readonly string[];
  linkedTo: string | undefined;
  /** Persons that a steward said it is not. */
  leftFrom: readonly string[];
};

export type Collision = {
  kind: 'curp' | 'patient-id';
  patient: Patient;
  /** Undefined where the patient differs from itself, or from what its CURP says. */
  other: Patient | undefined;
  differs: readonly Difference[];
};

export type Decision = { person: string; linked: readonly Patient[]; collisions: readonly Collision[] };

/**
 * Which of the patients that bear a CURP are one person, by that evidence alone. A doubt keeps a patient apart and
 * goes to a steward; what a steward decided stays.
 * @param ownPerson  who the CURP stands for where none of its bearers is linked yet
 * @param bearers    in an order that does not change: the first of two that disagree stays
 */
export function decide(curp: Curp, ownPerson: string, bearers: readonly Known[]): Decision {
  const person = personOf(ownPerson, bearers);
  const isMember = ({ linkedTo }: Known): boolean => linkedTo === person;
  const joining: Known[] = [];
  const collisions: Collision[] = [];
  for (const bearer of bearers) {
    const { patient, linkedTo, leftFrom } = bearer;
    if (linkedTo !== undefined || leftFrom.includes(person) || leftFrom.includes(ownPerson)) continue;
    const differs = doubtsOf(bearer, curp);
    const stranger = bearers.find(
      (other) => (isMember(other) || joining.includes(other)) && areStrangers(other.told, bearer.told),
    );
    if (differs.length > 0) collisions.push({ kind: 'curp', patient, other: undefined, differs });
    else if (stranger) collisions.push({ kind: 'curp', patient, other: stranger.patient, differs: ['name'] });
    else joining.push(bearer);
  }
  const isOne = bearers.filter(isMember).length + joining.length > 1;
  return { person, linked: isOne ? joining.map(({ patient }) => patient) : [], collisions };
}

function doubtsOf({ told, curps }: Known, curp: Curp): Difference[] {
  const differs = [...differsFromCurp(told, curp), ...differences(told)];
  if (curps.length > 1) differs.push('several-curps');
  return [...new Set(differs)];
}

/** Whoever bears the CURP may be linked already, by hand: then the others are that person, too. */
function personOf(ownPerson: string, bearers: readonly Known[]): string {
  const persons = bearers.flatMap(({ linkedTo }) => (linkedTo === undefined ? [] : [linkedTo]));
  return persons.includes(ownPerson) ? ownPerson : (persons.sort()[0] ?? ownPerson);
}

/** Studies that name the same patient and cannot be of one person (a number given twice, a wrong one typed). */
export function differsFromItself({ patient, told }: Known): Collision | undefined {
  const differs = differences(told);
  return differs.length === 0 ? undefined : { kind: 'patient-id', patient, other: undefined, differs };
}
