import { ROLES, type Role, type RoleGrant } from '../../ports/directory.ts';
import { overlap, sharePlace } from './period.ts';

/** Two roles that one person must not have at the same time. */
export type Incompatible = {
  roles: readonly [Role, Role];
  /** Anywhere: not even at two institutions, since what both decide is national. */
  where: 'institution' | 'anywhere';
  reason: string;
};

/** Who only reads, and judges what all others did. */
const ACTS: readonly Role[] = ROLES.filter((role) => role !== 'auditor');

/**
 * National activation of a model is signed by three people: validator, clinical authority, and data protection or
 * regulatory; the site's own chief signs for the site, and no role of the hub signs for a site.
 */
const SIGNERS = 'each signs the activation of a model: one person would be two signatures';
const HUB = 'a role of the hub does not sign for a site';
const GRANTS = 'who gives roles and systems their rights does not decide by one of them';

/** Decision record 0029 says what each follows from. */
export const INCOMPATIBLE: readonly Incompatible[] = [
  anywhere('validator', 'authority', SIGNERS),
  anywhere('validator', 'data-protection-officer', SIGNERS),
  anywhere('validator', 'regulatory-liaison', SIGNERS),
  anywhere('validator', 'site-chief', 'who validates a model does not approve its use'),
  anywhere('authority', 'data-protection-officer', SIGNERS),
  anywhere('authority', 'regulatory-liaison', 'who decides for the authority does not bring the case before it'),
  anywhere('authority', 'site-chief', HUB),
  anywhere('ethics-committee', 'validator', 'who judges a protocol does not carry it out'),
  within('ethics-committee', 'site-chief', 'who judges research at a site does not direct the site'),
  within('administrator', 'site-chief', HUB),
  within('administrator', 'validator', GRANTS),
  within('administrator', 'authority', GRANTS),
  within('administrator', 'data-protection-officer', 'who watches over accesses does not give them'),
  ...ACTS.map((role) => within('auditor', role, 'an auditor only reads: who acts would audit himself')),
];

/**
 * The first pair that a grant would make with the others of the same person, at any moment of its period.
 * @param others  of the same person, the grant itself not among them
 */
export function conflictOf(
  grant: RoleGrant,
  others: readonly RoleGrant[],
): { pair: Incompatible; with: RoleGrant } | undefined {
  for (const other of others) {
    const pair = INCOMPATIBLE.find((each) => isPair(each, grant, other));
    if (pair !== undefined && overlap(grant, other)) return { pair, with: other };
  }
  return undefined;
}

function isPair({ roles, where }: Incompatible, a: RoleGrant, b: RoleGrant): boolean {
  const isOfRoles = a.role !== b.role && roles.includes(a.role) && roles.includes(b.role);
  return isOfRoles && (where === 'anywhere' || sharePlace(a.institution, b.institution));
}

function anywhere(a: Role, b: Role, reason: string): Incompatible {
  return { roles: [a, b], where: 'anywhere', reason };
}

function within(a: Role, b: Role, reason: string): Incompatible {
  return { roles: [a, b], where: 'institution', reason };
}
