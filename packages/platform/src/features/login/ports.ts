import type { Directory, Role, RoleGrant } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';

/** What the login asks of the directory beside reading it: whoever enrols first, or comes by an issuer, is added. */
export type People = {
  directory: Directory;
  /** Known in `directory` when it resolves. @returns its id; @throws {Failure} request/invalid, access/denied */
  add(op: Op, person: NewPerson): Promise<string>;
  /** @throws {Failure} request/invalid where the role cannot be beside another one */
  grant(op: Op, person: string, role: Role, institution: string): Promise<void>;
  withdraw(op: Op, person: string, role: Role, institution: string): Promise<void>;
};

export type NewPerson = {
  login: string;
  name: string;
  institution: string;
  roles: readonly Pick<RoleGrant, 'role' | 'institution'>[];
};

/** Whoever approves what others do, or administers: a password alone is not enough. */
const SECOND_FACTOR: readonly Role[] = [
  'administrator',
  'authority',
  'validator',
  'site-chief',
  'ethics-committee',
  'data-protection-officer',
];

/** Any role counts, wherever it is held and even before it begins. */
export function needsSecondFactor(directory: Directory, person: string, at: Date): boolean {
  const now = at.toISOString();
  const roles = directory.person(person)?.roles ?? [];
  return roles.some(({ role, until }) => SECOND_FACTOR.includes(role) && (until === undefined || until > now));
}

/** True while nobody active may administer everything. */
export function isWithoutAdministrator(directory: Directory, people: readonly string[], at: Date): boolean {
  return !people.some((id) => directory.rolesOf(id, '*', at).includes('administrator'));
}
