import { createHash } from 'node:crypto';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import type { Person } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { FACILITY, GRANT, INSTITUTION, PERSON, SUBJECT, understood } from './description.ts';
import { type PersonRow, personById, sensitivitiesOf } from './directory.repo.ts';
import { allFacilities, putEdition } from './facilities.ts';
import { putInstitution } from './institutions.ts';
import { putGrant, putPerson } from './people.ts';
import { EVERYWHERE } from './period.ts';
import { type How, type Registering, registering, rehearsing } from './registering.ts';
import { MARKS_MAX, putMark } from './sensitivity.ts';
import type { DirectoryView } from './view.ts';

const ENTRIES_MAX = 200_000;
const list = <T extends z.ZodType>(of: T) => z.array(of).max(ENTRIES_MAX).default([]);

/** A whole directory as one file: what `export` writes and `seed` reads. */
export const SEED = z.strictObject({
  institutions: list(INSTITUTION),
  facilities: list(FACILITY),
  people: list(PERSON.extend({ roles: list(GRANT) })),
  sensitivities: list(SUBJECT),
});
export type SeedGiven = z.input<typeof SEED>;
type Seed = z.output<typeof SEED>;

export const SEED_PARTS = ['institutions', 'facilities', 'people', 'roles', 'sensitivities'] as const;
export type SeedPart = (typeof SEED_PARTS)[number];
export type SeedChanges = Readonly<Record<SeedPart, Record<Exclude<How, 'removed'>, number>>>;

/**
 * Make the directory say what a file says; what the file does not name stays. One transaction: all of it, or nothing.
 * @throws {Failure} request/invalid, directory/incompatible, access/denied
 */
export async function importSeed(db: Db, op: Op, given: unknown, { isDryRun = false } = {}): Promise<SeedChanges> {
  const seed = understood(SEED, given);
  return (isDryRun ? rehearsing : registering)(db, op, (at) => putSeed(at, seed));
}

/** @throws {Failure} request/invalid where it is no JSON */
export function readSeedText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('request/invalid', 'the file is not JSON', { cause });
  }
}

async function putSeed(at: Registering, seed: Seed): Promise<SeedChanges> {
  const none = () => ({ added: 0, changed: 0, unchanged: 0 });
  const changes = {
    institutions: none(),
    facilities: none(),
    people: none(),
    roles: none(),
    sensitivities: none(),
  };
  const count = (part: SeedPart, how: How): void => {
    if (how !== 'removed') changes[part][how] += 1;
  };
  for (const institution of seed.institutions) count('institutions', (await putInstitution(at, institution)).how);
  changes.facilities = await putFacilities(at, seed.facilities);
  for (const { roles, ...described } of seed.people) {
    const { person, how } = await putPerson(at, described);
    count('people', how);
    const row = (await personById(at.sql, person)) as PersonRow;
    for (const role of roles) count('roles', (await putGrant(at, row, role)).how);
  }
  for (const subject of seed.sensitivities) count('sensitivities', (await putMark(at, subject)).how);
  return changes;
}

/** Establishments of whichever editions; one that is known from a later edition stays as it is. */
async function putFacilities(at: Registering, given: Seed['facilities']): Promise<SeedChanges['facilities']> {
  const sum = { added: 0, changed: 0, unchanged: 0 };
  if (given.length === 0) return sum;
  at.op.allow('administer', EVERYWHERE);
  const known = await allFacilities(at.sql);
  const isLater = (clues: string, edition: string): boolean => (known.get(clues)?.edition ?? '') > edition;
  for (const [edition, all] of Map.groupBy(given, (facility) => facility.edition)) {
    const facilities = all.filter(({ clues }) => !isLater(clues, edition));
    const digest = createHash('sha256').update(JSON.stringify(all)).digest('hex');
    const counts = await putEdition(at, known, { edition, digest, facilities });
    sum.added += counts.added;
    sum.changed += counts.changed;
    sum.unchanged += counts.unchanged + all.length - facilities.length;
  }
  return sum;
}

/** The directory as a file of seed: the same directory gives the same text. */
export async function seedText(view: DirectoryView, sql: Sql): Promise<string> {
  const facilities = [...(await allFacilities(sql)).values()];
  const marks = await sensitivitiesOf(sql, undefined, MARKS_MAX + 1);
  if (marks.length > MARKS_MAX) throw new Failure('request/invalid', `more than ${MARKS_MAX} marks: no file of them`);
  const seed = {
    institutions: view.institutions(),
    facilities,
    people: view.people().map(personOf),
    sensitivities: marks.map(({ institution, issuer, patientId, studyUid, label, reason }) => ({
      institution,
      label,
      ...(studyUid === '' ? { issuer, patientId } : { study: studyUid }),
      reason,
    })),
  };
  return `${JSON.stringify(seed, undefined, 2)}\n`;
}

const personOf = ({ id, login, name, institution, isActive, roles }: Person) => ({
  id,
  login,
  name,
  institution,
  isActive,
  roles,
});
