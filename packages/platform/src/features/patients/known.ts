import { CURP } from '../../holdings/patient-identifiers.ts';
import type { Sql } from '../../ports/sql.ts';
import { EVERYTHING } from '../../ports/view.ts';
import type { Known } from './decide.ts';
import { linksOf } from './links.repo.ts';
import { isSamePatient, type Patient } from './patient.ts';
import { studiesOf } from './patients.repo.ts';

/** What is known of each of these patients, in their order; of those without a study nothing is told. */
export async function knownOf(sql: Sql, patients: readonly Patient[]): Promise<Known[]> {
  const studies = await studiesOf(sql, patients, EVERYTHING);
  const links = await linksOf(sql, patients);
  return patients.map((patient) => {
    const told = studies.filter((study) => isSamePatient(study, patient));
    const own = links.filter((link) => isSamePatient(link, patient));
    const curps = told.flatMap(({ identifiers }) =>
      identifiers.flatMap(({ issuer, id, type }) => (issuer === CURP.issuer && type === CURP.type ? [id] : [])),
    );
    return {
      patient,
      told,
      curps: [...new Set(curps)].sort(),
      linkedTo: own.find(({ state }) => state === 'linked')?.person,
      leftFrom: own.filter(({ state }) => state === 'unlinked').map(({ person }) => person),
    };
  });
}
