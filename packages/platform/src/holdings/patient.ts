import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';

/**
 * A patient: what one institution calls by one identifier of one issuer (decision record 0025). The institution is
 * part of it, since an issuer's name is what a device was told: two hospitals may both say HOSPITAL.
 */
export type Patient = { institution: string; issuer: string; id: string };

/** The patient as one text for commands and URLs: three parts, percent-encoded, slashes between. */
export const patientRef = ({ institution, issuer, id }: Patient): string =>
  [institution, issuer, id].map(encodeURIComponent).join('/');

/** @throws {Failure} request/invalid */
export function patientOfRef(ref: string): Patient {
  const parts = ref.split('/').map(decoded);
  const [institution = '', issuer, id = ''] = parts;
  if (parts.length !== 3 || issuer === undefined || id === '' || !isInstitution(institution)) {
    throw new Failure('request/invalid', 'a patient is INSTITUTION/ISSUER/ID, each percent-encoded');
  }
  return { institution, issuer, id };
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined; // Not percent-encoded: no part of a reference.
  }
}

export const isSamePatient = (a: Patient, b: Patient): boolean =>
  a.institution === b.institution && a.issuer === b.issuer && a.id === b.id;

/** Patients as three columns of values. */
export const columnsOf = (patients: readonly Patient[]): string[][] => [
  patients.map(({ institution }) => institution),
  patients.map(({ issuer }) => issuer),
  patients.map(({ id }) => id),
];
