import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import type { Role, RoleGrant } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { END, type EndGiven, GRANT, type GrantGiven, PERSON, type PersonGiven, understood } from './description.ts';
import { grantsOf, institutionByCode, type PersonRow, personById, personByLogin } from './directory.repo.ts';
import { decideGrant, endedAt } from './grants.ts';
import { EVERYWHERE, isOpen } from './period.ts';
import { type How, type Registering, record, registering } from './registering.ts';

export type PersonChange = { person: string; how: How };
export type GrantChange = { person: string; role: Role; institution: string; how: How };

type Described = ReturnType<typeof PERSON.parse>;
type Granted = ReturnType<typeof GRANT.parse>;

/**
 * Say who a person is: a new one where neither its id nor its login is known.
 * @throws {Failure} request/invalid, also where the login is another person's; access/denied
 */
export async function describePerson(db: Db, op: Op, given: PersonGiven): Promise<PersonChange> {
  const person = understood(PERSON, given);
  return registering(db, op, (at) => putPerson(at, person));
}

export async function putPerson(at: Registering, { id, ...described }: Described): Promise<PersonChange> {
  const { login, name, institution } = described;
  at.op.allow('administer', institution);
  await knownInstitution(at, institution);
  const holder = await personByLogin(at.sql, login);
  const before = id === undefined ? holder : await personById(at.sql, id);
  if (before?.login === null) throw new Failure('request/invalid', 'id: of a person who was removed');
  if (holder !== undefined && holder.id !== before?.id)
    throw new Failure('request/invalid', 'login: another person has it');
  if (before !== undefined) await allowPerson(at, before);
  const isActive = described.isActive ?? before?.isActive ?? true;
  const person = { id: before?.id ?? id ?? newId(), login, name, institution, isActive };
  const isSame =
    before?.name === name &&
    before.login === login &&
    before.institution === institution &&
    before.isActive === isActive;
  if (isSame) return { person: person.id, how: 'unchanged' };
  await record(at, 'person.described', { institution }, { person });
  return { person: person.id, how: before === undefined ? 'added' : 'changed' };
}

/** A person who may not act for now, or may again; roles stay as they are. @throws {Failure} request/not-found */
export function setActive(db: Db, op: Op, who: string, isActive: boolean): Promise<PersonChange> {
  return registering(db, op, async (at) => {
    const before = await personOf(at, who);
    await allowPerson(at, before);
    const { id, login, name, institution } = before;
    if (before.isActive === isActive) return { person: id, how: 'unchanged' };
    await record(at, 'person.described', { institution }, { person: { id, login, name, institution, isActive } });
    return { person: id, how: 'changed' };
  });
}

/** A person who is gone: roles end, login and name leave the directory, the id stays taken. */
export function removePerson(db: Db, op: Op, who: string): Promise<PersonChange> {
  return registering(db, op, async (at) => {
    const { id, institution, ...rest } = await personOf(at, who);
    // Whom another institution has is not told to who does not administer it.
    if (!op.may('administer', institution)) throw noSuchPerson();
    await allowPerson(at, { id, institution, ...rest });
    for (const { revision: _, ...grant } of await grantsOf(at.sql, id)) {
      if (!isOpen(grant, at.now)) continue;
      await record(at, 'role.ended', { institution: placeOf(grant) }, { grant: endedAt(grant, at.now, at.now) });
    }
    await record(at, 'person.removed', { institution }, { person: { id, institution } });
    return { person: id, how: 'removed' };
  });
}

/**
 * Give a person a role, for a time. The same from the same moment on: its end is said anew.
 * @param who  id or login
 * @throws {Failure} directory/incompatible, naming the pair; request/not-found, request/invalid; access/denied, also
 *   where it is the caller's own
 */
export async function grantRole(db: Db, op: Op, who: string, given: GrantGiven): Promise<GrantChange> {
  const grant = understood(GRANT, given);
  return registering(db, op, async (at) => {
    op.allow('administer', grant.institution);
    return putGrant(at, await personOf(at, who), grant);
  });
}

export async function putGrant(at: Registering, { id: person }: PersonRow, granted: Granted): Promise<GrantChange> {
  const { role, institution } = granted;
  at.op.allow('administer', institution);
  const { actor } = at.op;
  if (actor.kind === 'person' && actor.id === person)
    throw new Failure('access/denied', 'nobody gives a role to himself');
  if (institution !== EVERYWHERE) await knownInstitution(at, institution);
  const { grant, before, isSame } = decideGrant(await grantsOf(at.sql, person), granted, at.now);
  if (isSame) return { person, role, institution, how: 'unchanged' };
  const id = before?.id ?? newId();
  await record(at, 'role.granted', { institution: placeOf(grant) }, { grant: { id, person, ...grant } });
  return { person, role, institution, how: before === undefined ? 'added' : 'changed' };
}

/**
 * End what a person has of a role at an institution, now or later.
 * @throws {Failure} request/not-found where there is nothing to end
 */
export async function endRole(db: Db, op: Op, who: string, given: EndGiven): Promise<GrantChange> {
  const { role, institution, at: when } = understood(END, given);
  return registering(db, op, async (at) => {
    at.op.allow('administer', institution);
    const { id: person } = await personOf(at, who);
    const end = when === undefined ? at.now : new Date(when);
    const held = (await grantsOf(at.sql, person)).filter(
      (each) => each.role === role && each.institution === institution && isOpen(each, end),
    );
    if (held.length === 0) throw new Failure('request/not-found', `no ${role} at ${institution} to end`);
    for (const { revision: _, ...grant } of held)
      await record(at, 'role.ended', { institution: placeOf(grant) }, { grant: endedAt(grant, end, at.now) });
    return { person, role, institution, how: 'removed' };
  });
}

/** An event of what holds everywhere is of no institution. */
const placeOf = ({ institution }: RoleGrant): string => (institution === EVERYWHERE ? '' : institution);

/**
 * Who changes a login takes everything that this person may: it needs the right wherever the person has a role.
 * @throws {Failure} access/denied
 */
async function allowPerson(at: Registering, { id, institution }: PersonRow): Promise<void> {
  const grants = await grantsOf(at.sql, id);
  const places = grants.filter((each) => isOpen(each, at.now)).map((each) => each.institution);
  for (const place of new Set([institution, ...places])) at.op.allow('administer', place);
}

async function personOf({ sql }: Registering, who: string): Promise<PersonRow> {
  const person = (await personById(sql, who)) ?? (await personByLogin(sql, who.toLowerCase()));
  if (person === undefined || person.login === null) throw noSuchPerson();
  return person;
}

const noSuchPerson = (): Failure => new Failure('request/not-found', 'no such person');

/** A code that was mistyped would be an institution that nobody administers. */
async function knownInstitution({ sql }: Registering, code: string): Promise<void> {
  if ((await institutionByCode(sql, code)) === undefined)
    throw new Failure('request/invalid', `${code}: no institution of the directory`);
}
