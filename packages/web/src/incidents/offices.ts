import type { SessionPerson, SessionRole } from '@acervo/interop/console/session.ts';

/** Of the policies (`read-incident`, `handle-incident`, `audit`): the page offers, the archive decides. */
const NATIONAL: ReadonlySet<SessionRole> = new Set(['authority', 'regulatory-liaison']);
const READ: ReadonlySet<SessionRole> = new Set([
  ...NATIONAL,
  'site-chief',
  'medical-physicist',
  'validator',
  'auditor',
  'data-protection-officer',
]);
const HANDLE: ReadonlySet<SessionRole> = new Set(['site-chief', 'medical-physicist']);
const AUDIT: ReadonlySet<SessionRole> = new Set(['authority', 'auditor', 'data-protection-officer']);

const has = ({ roles }: SessionPerson, office: ReadonlySet<SessionRole>): boolean =>
  roles.some((role) => office.has(role));

export const mayReadIncidents = (person: SessionPerson): boolean => has(person, READ);

export const mayHandle = (person: SessionPerson, institution: string): boolean =>
  has(person, NATIONAL) || (person.institution === institution && has(person, HANDLE));

export const mayTakeBundle = (person: SessionPerson, institution: string): boolean =>
  person.institution === institution && has(person, AUDIT);
