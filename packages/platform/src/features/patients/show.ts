import { parseCurp } from '@acervo/interop/mexico/curp.ts';
import { scopeOf, viewOf } from '../../holdings/scope.ts';
import type { Recorder } from '../../journal/recorder.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import type { View } from '../../ports/view.ts';
import { type CollisionRow, collisionsOf, type LinkRow, linksOf, membersOf, openCollisions } from './links.repo.ts';
import { isSamePatient, type Patient, patientRef } from './patient.ts';
import { patientsWith, type StudyOfPatient, seenPatients, studiesOf } from './patients.repo.ts';

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
  const view = viewOf(op, 'query');
  const curp = parseCurp(of.id);
  const id = typeof curp === 'string' ? of.id : curp.text;
  const patients = await patientsWith(db, { ...of, id }, view, PATIENTS_MAX);
  const [studies, links, collisions] = await Promise.all([
    studiesOf(db, patients, view),
    linksOf(db, patients),
    collisionsOf(db, patients),
  ]);
  const persons = links.filter(({ state }) => state === 'linked').map(({ person }) => person);
  const linked = await membersOf(db, persons);
  const isSeen = await seenBy(db, view, [...linked, ...collisions.flatMap(otherOf)]);
  const members = linked.filter(isSeen);
  await journal.queried(op, { level: 'patient', keys: of.issuer === undefined ? ['id'] : ['id', 'issuer'] });
  return patients.map((patient) => {
    const isOwn = (row: Patient): boolean => isSamePatient(row, patient);
    const person = links.find((row) => isOwn(row) && row.state === 'linked')?.person;
    return {
      ...shownOf(patient, studies.filter(isOwn)),
      linked: members.filter((row) => row.person === person && !isOwn(row)).map(linkShown),
      collisions: collisions
        .filter((row) => isOwn(row) && !row.isSettled && otherOf(row).every(isSeen))
        .map(collisionShown),
    };
  });
}

/**
 * What waits for a steward, the oldest first.
 * @throws {Failure} access/denied
 */
export async function showCollisions({ db, journal }: Ports, op: Op): Promise<CollisionShown[]> {
  const view = viewOf(op, 'query');
  const found = await openCollisions(db, scopeOf(op), COLLISIONS_MAX);
  const isSeen = await seenBy(db, view, [...found, ...found.flatMap(otherOf)]);
  const rows = found.filter((row) => isSeen(row) && otherOf(row).every(isSeen));
  await journal.queried(op, { level: 'patient', keys: ['collision'] });
  return rows.map(collisionShown);
}

/** Of whom of these patients the caller may see a study. */
async function seenBy(db: Db, view: View, patients: readonly Patient[]): Promise<(patient: Patient) => boolean> {
  const seen = new Set((await seenPatients(db, patients, view)).map(patientRef));
  return (patient) => seen.has(patientRef(patient));
}

const otherOf = (row: CollisionRow): Patient[] =>
  row.otherInstitution === '' ? [] : [{ institution: row.otherInstitution, issuer: row.otherIssuer, id: row.otherId }];

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
  ...(row.otherInstitution !== '' && { other: otherOf(row).map(patientRef).join() }),
  at: row.at,
});
