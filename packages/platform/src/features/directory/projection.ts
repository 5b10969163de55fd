import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import type { Facility, Institution, RoleGrant, Sensitivity } from '../../ports/directory.ts';
import type { Sql } from '../../ports/sql.ts';
import {
  deleteSensitivity,
  type FacilityRow,
  type GrantRow,
  type InstitutionRow,
  type PersonRow,
  putFacilities,
  putGrants,
  putInstitutions,
  putPeople,
  putRevision,
  putSensitivities,
} from './directory.repo.ts';

/** What an event of a directory says; each has the number of its change. */
export type Facts = {
  'institution.described': { revision: number; institution: Institution };
  /** Facilities are columns in the order of FACILITY_COLUMNS: a catalogue has tens of thousands. */
  'facility.catalogued': {
    revision: number;
    edition: string;
    /** SHA-256 of the file, and how many establishments it has. */
    digest: string;
    count: number;
    /** From 1: of one import there are so many. */
    batch: number;
    batches: number;
    facilities: readonly (readonly string[])[];
  };
  'person.described': { revision: number; person: Omit<PersonRow, 'revision'> };
  'person.removed': { revision: number; person: { id: string; institution: string } };
  'role.granted': { revision: number; grant: RoleGrant & { id: string; person: string } };
  'role.ended': { revision: number; grant: RoleGrant & { id: string; person: string } };
  'sensitivity.marked': { revision: number } & Subject;
  'sensitivity.cleared': { revision: number } & Subject;
};
type Subject = {
  institution: string;
  issuer: string;
  patientId: string;
  studyUid: string;
  label: Sensitivity;
  reason: string;
};
export type DirectoryKind = keyof Facts;

export const FACILITY_COLUMNS = ['clues', 'institution', 'name', 'state'] as const satisfies (keyof Facility)[];

/** One statement cannot change a row twice, and later ones count. */
function lastOfEach<Row extends { revision: number }>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) if (row.revision >= (last.get(keyOf(row))?.revision ?? 0)) last.set(keyOf(row), row);
  return [...last.values()];
}

/** The directory as the journal tells it. */
export const directoryProjection: JournalProjection = {
  kinds: [
    'institution.described',
    'facility.catalogued',
    'person.described',
    'person.removed',
    'role.granted',
    'role.ended',
    'sensitivity.marked',
    'sensitivity.cleared',
  ] satisfies DirectoryKind[],
  apply: async (sql, events) => {
    if (events.length === 0) return;
    await putRevision(sql, Math.max(...events.map(({ facts }) => Number(facts['revision']))));
    await applyRows(sql, events);
    await applySensitivities(sql, events);
  },
};

async function applyRows(sql: Sql, events: readonly Envelope[]): Promise<void> {
  const institutions = factsOf(events, 'institution.described').map(
    ({ revision, institution }): InstitutionRow => ({ ...institution, revision }),
  );
  const facilities = factsOf(events, 'facility.catalogued').flatMap(facilitiesOf);
  const people = [
    ...factsOf(events, 'person.described').map(({ revision, person }): PersonRow => ({ ...person, revision })),
    ...factsOf(events, 'person.removed').map(
      ({ revision, person }): PersonRow => ({ ...person, login: null, name: null, isActive: false, revision }),
    ),
  ];
  const grants = [...factsOf(events, 'role.granted'), ...factsOf(events, 'role.ended')].map(
    ({ revision, grant }): GrantRow => ({ ...grant, revision }),
  );
  if (institutions.length > 0)
    await putInstitutions(
      sql,
      lastOfEach(institutions, ({ code }) => code),
    );
  if (facilities.length > 0)
    await putFacilities(
      sql,
      lastOfEach(facilities, ({ clues }) => clues),
    );
  if (people.length > 0)
    await putPeople(
      sql,
      lastOfEach(people, ({ id }) => id),
    );
  if (grants.length > 0)
    await putGrants(
      sql,
      lastOfEach(grants, ({ id }) => id),
    );
}

async function applySensitivities(sql: Sql, events: readonly Envelope[]): Promise<void> {
  for (const { kind, id, at, facts } of inOrder(events)) {
    const { revision, institution, issuer, patientId, studyUid, label, reason } = facts as Facts['sensitivity.marked'];
    const row = { institution, issuer, patientId, studyUid, label, revision };
    if (kind === 'sensitivity.marked') await putSensitivities(sql, [{ ...row, reason, event: id, at }]);
    if (kind === 'sensitivity.cleared') await deleteSensitivity(sql, row);
  }
}

const inOrder = (events: readonly Envelope[]): Envelope[] =>
  events
    .filter(({ kind }) => kind.startsWith('sensitivity.'))
    .sort((a, b) => Number(a.facts['revision']) - Number(b.facts['revision']));

function facilitiesOf({ revision, edition, facilities }: Facts['facility.catalogued']): FacilityRow[] {
  return facilities.map(([clues = '', institution = '', name = '', state = '']) => ({
    clues,
    institution,
    name,
    state,
    edition,
    revision,
  }));
}

type Told<Kind extends DirectoryKind> = Envelope & { facts: Facts[Kind] };

const isOf =
  <Kind extends DirectoryKind>(kind: Kind) =>
  (event: Envelope): event is Told<Kind> =>
    event.kind === kind;

const factsOf = <Kind extends DirectoryKind>(events: readonly Envelope[], kind: Kind): Facts[Kind][] =>
  events.filter(isOf(kind)).map(({ facts }) => facts);
