import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { type Person, ROLES } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { findExternal, type Given, linkExternal, putExternalGrants } from './external.repo.ts';
import type { People } from './ports.ts';
import type { Told } from './relying-party.ts';

const GIVEN = z.strictObject({
  role: z.enum(ROLES),
  institution: z.string().refine((code) => code === '*' || isInstitution(code), 'an institution code, or *'),
});
const FILE = z.strictObject({ groups: z.record(z.string().min(1), z.array(GIVEN).min(1)) });

/** Which roles a group of the issuer gives. */
export type Groups = z.infer<typeof FILE>['groups'];

/** @throws {Failure} config/invalid */
export function readGroups(text: string): Groups {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new Failure('config/invalid', 'the file of groups is not JSON');
  }
  const read = FILE.safeParse(given);
  if (!read.success) throw new Failure('config/invalid', `the file of groups: ${z.prettifyError(read.error)}`);
  return read.data.groups;
}

export type ExternalPorts = {
  db: Db;
  people: People;
  issuer: string;
  groups: Groups;
  loginClaim: string;
  groupsClaim: string;
  /** For whom somebody acts whose groups name no institution. */
  institution: string;
};

/**
 * The person that somebody of an external issuer is. The subject counts once it is known; the first time the login
 * finds a person of the directory, who must not be another subject already; else one is added, if its groups give it a
 * role. Roles that groups gave are taken away with the group; roles that the directory gave stay.
 * @throws {Failure} access/denied where the directory knows nothing of it and its groups give nothing
 */
export async function externalPerson(ports: ExternalPorts, op: Op, told: Told): Promise<Person> {
  const { db, people, issuer } = ports;
  const wanted = givenBy(ports, told);
  const known = await findExternal(db, issuer, told.subject);
  const id = known?.person ?? (await linked(ports, op, told, wanted));
  const held = await reconciled(ports, op, id, known?.grants ?? [], wanted);
  await putExternalGrants(db, issuer, told.subject, held);
  const person = people.directory.person(id);
  if (person?.isActive !== true) throw new Failure('access/denied', `person ${id} is not active in the directory`);
  return person;
}

async function linked(ports: ExternalPorts, op: Op, told: Told, wanted: readonly Given[]): Promise<string> {
  const { db, people, issuer } = ports;
  const login = textOf(told.claims[ports.loginClaim]).toLowerCase();
  if (login === '') throw new Failure('access/denied', `the issuer says no ${ports.loginClaim}`);
  const found = people.directory.personByLogin(login)?.id;
  if (found === undefined && wanted.length === 0) {
    throw new Failure('access/denied', 'somebody whom the directory does not know, and whose groups give no role');
  }
  const person = found ?? (await people.add(op, newPerson(ports, told, login, wanted)));
  if (await linkExternal(db, issuer, told.subject, person)) return person;
  throw new Failure('access/denied', `person ${person} is another subject of this issuer`);
}

function newPerson({ institution }: ExternalPorts, { claims }: Told, login: string, wanted: readonly Given[]) {
  const own = wanted.map((each) => each.institution).find((code) => code !== '*') ?? institution;
  return { login, name: textOf(claims['name']) || login, institution: own, roles: [] };
}

/** @returns what groups give now: what the directory refuses beside another role is left out, and said */
async function reconciled(
  { people }: ExternalPorts,
  op: Op,
  person: string,
  before: readonly Given[],
  wanted: readonly Given[],
): Promise<Given[]> {
  for (const each of before.filter((old) => !wanted.some((now) => isSame(old, now)))) {
    await people.withdraw(op, person, each.role, each.institution).catch((thrown: unknown) => {
      // Somebody ended it in the directory meanwhile.
      if (toFailure(thrown).code !== 'request/not-found') throw thrown;
    });
  }
  const held: Given[] = [];
  for (const each of wanted) {
    const isKept = before.some((old) => isSame(old, each)) || (await granted(people, op, person, each));
    if (isKept) held.push(each);
  }
  return held;
}

async function granted(people: People, op: Op, person: string, { role, institution }: Given): Promise<boolean> {
  const has = people.directory.person(person)?.roles.some((each) => isSame(each, { role, institution }) && !each.until);
  // The directory gave it: it is not a group's to take away.
  if (has === true) return false;
  try {
    await people.grant(op, person, role, institution);
    return true;
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    if (code === 'internal' || code === 'database/unavailable') throw thrown;
    op.log.warn('login.role-refused', { person, role, institution, code, detail });
    return false;
  }
}

/** In the order of the file, each once. */
function givenBy({ groups, groupsClaim }: ExternalPorts, { claims }: Told): Given[] {
  const claimed = claims[groupsClaim];
  const names = (Array.isArray(claimed) ? claimed : [claimed]).map(textOf);
  const given: Given[] = [];
  for (const [group, roles] of Object.entries(groups)) {
    if (!names.includes(group)) continue;
    for (const each of roles) if (!given.some((other) => isSame(other, each))) given.push(each);
  }
  return given;
}

const isSame = (a: Given, b: Given): boolean => a.role === b.role && a.institution === b.institution;
const textOf = (claim: unknown): string => (typeof claim === 'string' ? claim : '');
