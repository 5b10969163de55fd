import { parseCurp } from '@acervo/interop/mexico/curp.ts';
import { isSamePatient, type Patient, patientRef } from '../../holdings/patient.ts';
import { scopeOf } from '../../holdings/scope.ts';
import type { Recorder } from '../../journal/recorder.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { type CollisionRow, collisionsOf, type LinkRow, linksOf, membersOf, openCollisions } from './links.repo.ts';
import { patientsWith, type StudyOfPatient, studiesOf } from './patients.repo.ts';

export type Ports = { db: Db; journal: Pick<Recorder, 'queried'> };

/** Patients of one answer. */
const PATIENTS_MAX = 100;
export const COLLISIONS_MAX = 1_000;

/** A patient as its institution's studies tell it; nothing of what others say of the same person. */
export type PatientShown = Patient & {
  /** What commands and requests call it. */
  patient: string;
  names: string[];
  birthDates: string[];
  sexes: string[];
  identifiers: { issuer: string; id: string; type: string }[];
  /** As far as they are looked at. */
  studies: number;
  /** The same person elsewhere, of institutions that the caller sees. */
  linked: { patient: string; evidence: string; since: string }[];
  collisions: CollisionShown[];
};

export type CollisionShown = { patient: string; kind: string; differs: string[]; other?: string; at: string };

/**
 * Patients by any identifier of theirs. When it resolves the search is in the journal.
 * @throws {Failure} access/denied
 */
export async function showPatients(
  { db, journal }: Ports,
  op: Op,
  of: { id: string; issuer: string | undefined },
): Promise<PatientShown[]> {
  const institutions = scopeOf(op, undefined);
  op.allow('query', op.institution);
  const curp = parseCurp(of.id);
  const id = typeof curp === 'string' ? of.id : curp.text;
  const patients = await patientsWith(db, { ...of, id }, institutions, PATIENTS_MAX);
  const [studies, links, collisions] = await Promise.all([
    studiesOf(db, patients),
    linksOf(db, patients),
    collisionsOf(db, patients),
  ]);
  const persons = links.filter(({ state }) => state === 'linked').map(({ person }) => person);
  const members = (await membersOf(db, persons)).filter((row) => isSeen(institutions, row.institution));
  await journal.queried(op, { level: 'patient', keys: of.issuer === undefined ? ['id'] : ['id', 'issuer'] });
  return patients.map((patient) => {
    const isOwn = (row: Patient): boolean => isSamePatient(row, patient);
    const person = links.find((row) => isOwn(row) && row.state === 'linked')?.person;
    return {
      ...shownOf(patient, studies.filter(isOwn)),
      linked: members.filter((row) => row.person === person && !isOwn(row)).map(linkShown),
      collisions: collisions
        .filter((row) => isOwn(row) && !row.isSettled && isSeen(institutions, row.otherInstitution || undefined))
        .map(collisionShown),
    };
  });
}

/**
 * What waits for a steward, the oldest first.
 * @throws {Failure} access/denied
 */
export async function showCollisions({ db, journal }: Ports, op: Op): Promise<CollisionShown[]> {
  const institutions = scopeOf(op, undefined);
  op.allow('query', op.institution);
  const rows = await openCollisions(db, institutions, COLLISIONS_MAX);
  await journal.queried(op, { level: 'patient', keys: ['collision'] });
  return rows.map(collisionShown);
}

const isSeen = (institutions: readonly string[] | undefined, institution: string | undefined): boolean =>
  institution === undefined || institutions === undefined || institutions.includes(institution);

function shownOf({ institution, issuer, id }: Patient, studies: readonly StudyOfPatient[]) {
  const names = studies.map(({ nameSent }) =>
    [nameSent?.Alphabetic, nameSent?.Ideographic, nameSent?.Phonetic].map((group) => group ?? '').join('='),
  );
  const identifiers = new Map(
    studies.flatMap((study) => study.identifiers.map((each) => [`${each.issuer}\0${each.id}`, each] as const)),
  );
  return {
    patient: patientRef({ institution, issuer, id }),
    institution,
    issuer,
    id,
    names: told(names.map((name) => name.replace(/=+$/, ''))),
    birthDates: told(studies.map(({ birthDate }) => birthDate)),
    sexes: told(studies.map(({ sex }) => sex)),
    identifiers: [...identifiers.values()],
    studies: studies.length,
  };
}

/** Each text once, the newest study's first. */
const told = (texts: readonly (string | null)[]): string[] =>
  [...new Set(texts.filter((text) => text !== null && text !== ''))] as string[];

const linkShown = (row: LinkRow) => ({ patient: patientRef(row), evidence: row.evidence, since: row.at });

const collisionShown = (row: CollisionRow): CollisionShown => ({
  patient: patientRef(row),
  kind: row.kind,
  differs: row.differs,
  ...(row.otherInstitution !== '' && {
    other: patientRef({ institution: row.otherInstitution, issuer: row.otherIssuer, id: row.otherId }),
  }),
  at: row.at,
});
