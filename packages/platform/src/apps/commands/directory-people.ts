import { Failure } from '@acervo/kernel/failure.ts';
import type { EndGiven, GrantGiven, PersonGiven } from '../../features/directory/description.ts';
import { INCOMPATIBLE } from '../../features/directory/incompatible.ts';
import {
  describePerson,
  endRole,
  type GrantChange,
  grantRole,
  removePerson,
  setActive,
} from '../../features/directory/people.ts';
import type { Person, RoleGrant } from '../../ports/directory.ts';
import { EXIT, type ExitCode, textOption } from '../command.ts';
import { type Desk, pairsOf, type Verb } from './directory-desk.ts';

const FIELDS = ['id', 'login', 'name', 'institution'] as const;

export const peopleVerbs: Readonly<Record<string, Verb>> = {
  'people list': { words: [0, 0], run: listPeople },
  'people add': { words: [1, FIELDS.length], run: addPerson },
  'people disable': { words: [1, 1], run: (desk) => activate(desk, false) },
  'people enable': { words: [1, 1], run: (desk) => activate(desk, true) },
  'people remove': {
    words: [1, 1],
    run: async (desk) => toldPerson(desk, await removePerson(desk.db, desk.op, whom(desk))),
  },
  'roles list': { words: [0, 1], run: listRoles },
  'roles pairs': { words: [0, 0], run: listPairs },
  'roles grant': { words: [3, 3], run: grant },
  'roles end': { words: [3, 3], run: end },
};

const whom = ({ words }: Desk): string => words[0] ?? '';

function listPeople({ directory, context: { print } }: Desk): Promise<ExitCode> {
  for (const person of directory.people()) {
    const { id, login, name, institution, isActive } = person;
    const roles = person.roles.map(roleText).join(', ');
    print(`${id} ${login} (${name}) ${institution}${isActive ? '' : ' disabled'} ${roles}`.trim(), person);
  }
  return Promise.resolve(EXIT.done);
}

async function addPerson(desk: Desk): Promise<ExitCode> {
  const given = pairsOf(desk.words, FIELDS);
  const { id, login = '' } = given;
  const known = id === undefined ? desk.directory.personByLogin(login) : desk.directory.person(id);
  const before = known && { login: known.login, name: known.name, institution: known.institution };
  // What is not said of a person who is known stays; the schema judges what is missing of a new one.
  const person = { ...before, ...given } as PersonGiven;
  return toldPerson(desk, await describePerson(desk.db, desk.op, person));
}

async function activate(desk: Desk, isActive: boolean): Promise<ExitCode> {
  return toldPerson(desk, await setActive(desk.db, desk.op, whom(desk), isActive));
}

function toldPerson({ context: { print } }: Desk, change: { person: string; how: string }): ExitCode {
  print(`${change.how} ${change.person}`, change);
  return EXIT.done;
}

function listRoles({ directory, words, context: { print } }: Desk): Promise<ExitCode> {
  const [who] = words;
  const people = who === undefined ? directory.people() : [personOf(directory, who)];
  for (const { id, login, roles } of people)
    for (const role of roles) print(`${login} ${roleText(role)}`, { person: id, login, ...role });
  return Promise.resolve(EXIT.done);
}

function personOf(directory: Desk['directory'], who: string): Person {
  const person = directory.person(who) ?? directory.personByLogin(who);
  if (person === undefined) throw new Failure('request/not-found', `${who}: no such person`);
  return person;
}

function roleText({ role, institution, from, until }: RoleGrant): string {
  return `${role}@${institution} ${from}/${until ?? '..'}`;
}

function listPairs({ context: { print } }: Desk): Promise<ExitCode> {
  for (const pair of INCOMPATIBLE) print(`${pair.roles.join(' with ')} (${pair.where}): ${pair.reason}`, pair);
  return Promise.resolve(EXIT.done);
}

async function grant(desk: Desk): Promise<ExitCode> {
  const { db, op, args, words } = desk;
  const [who = '', role, institution] = words;
  const given = { role, institution, from: textOption(args, 'from'), until: textOption(args, 'until') };
  return toldGrant(desk, await grantRole(db, op, who, given as GrantGiven));
}

async function end(desk: Desk): Promise<ExitCode> {
  const { db, op, args, words } = desk;
  const [who = '', role, institution] = words;
  return toldGrant(desk, await endRole(db, op, who, { role, institution, at: textOption(args, 'at') } as EndGiven));
}

function toldGrant({ context: { print } }: Desk, change: GrantChange): ExitCode {
  print(`${change.how} ${change.role} at ${change.institution} of ${change.person}`, change);
  return EXIT.done;
}
