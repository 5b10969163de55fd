import { type Directory, type Person, PURPOSES, type Purpose, ROLES, type Role } from '../../ports/directory.ts';
import type { Session } from './session.ts';

/** For what a role lets somebody ask. What may then be seen is the policy's to say; EMERGENCY is its break-glass. */
const PURPOSES_OF: Readonly<Record<Role, readonly Purpose[]>> = {
  radiologist: ['TREATMENT'],
  technician: ['TREATMENT'],
  'site-chief': ['TREATMENT', 'OPERATIONS'],
  steward: ['OPERATIONS'],
  'data-protection-officer': ['AUDIT'],
  validator: ['RESEARCH'],
  'regulatory-liaison': ['OPERATIONS'],
  'medical-physicist': ['OPERATIONS'],
  'ethics-committee': ['RESEARCH'],
  authority: ['PUBLIC_HEALTH'],
  auditor: ['AUDIT'],
  administrator: ['OPERATIONS'],
};

/** What a person may choose between, and what applies. */
export type Choices = {
  institution: string;
  institutions: string[];
  purpose: Purpose | '';
  purposes: Purpose[];
  roles: Role[];
};

/** @param chosen  of the session; '' or what counts no more gives way to the first */
export function choicesOf(
  directory: Directory,
  person: Person,
  chosen: Pick<Session, 'institution' | 'purpose'>,
  at: Date,
): Choices {
  const now = at.toISOString();
  const inForce = person.roles.filter(({ from, until }) => from <= now && (until === undefined || now < until));
  const named = inForce.map(({ institution }) => institution).filter((code) => code !== '*');
  const all = inForce.some(({ institution }) => institution === '*')
    ? directory.institutions().map(({ code }) => code)
    : [];
  const institutions = [...new Set([person.institution, ...named, ...all])];
  const institution = institutions.includes(chosen.institution) ? chosen.institution : person.institution;
  const held = directory.rolesOf(person.id, institution, at);
  const roles = ROLES.filter((role) => held.includes(role));
  const purposes = PURPOSES.filter((purpose) => roles.some((role) => PURPOSES_OF[role].includes(purpose)));
  const purpose = purposes.find((each) => each === chosen.purpose) ?? purposes[0] ?? '';
  return { institution, institutions, purpose, purposes, roles };
}
