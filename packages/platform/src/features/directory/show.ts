import { scopeOf } from '../../holdings/scope.ts';
import type { Person, RoleGrant } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import { EVERYWHERE } from './period.ts';
import type { DirectoryView } from './view.ts';

/** A person as a caller sees it: the login is for who administers. */
export type PersonShown = Omit<Person, 'login' | 'roles'> & { login?: string; roles: RoleGrant[] };

/**
 * People of the institutions that the caller sees, and what they may at these.
 * @throws {Failure} access/denied
 */
export function showPeople(directory: DirectoryView, op: Op): PersonShown[] {
  const seen = scopeOf(op);
  const isSeen = (institution: string): boolean => seen === undefined || seen.includes(institution);
  return directory.people().flatMap((person) => {
    const { login, ...shown } = person;
    const roles = person.roles.filter(({ institution }) => institution === EVERYWHERE || isSeen(institution));
    if (!isSeen(person.institution) && roles.length === 0) return [];
    return [{ ...shown, roles, ...(op.may('administer', person.institution) && { login }) }];
  });
}
