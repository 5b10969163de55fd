import { z } from 'zod';
import { ROLES, SENSITIVITIES } from '../../ports/directory.ts';
import { END, GRANT } from './description.ts';

/** Schemas of the answers: what the description of the API says, and what tests hold answers against. */
const time = z.iso.datetime();
const how = z.enum(['added', 'changed', 'removed', 'unchanged']);
const role = z.enum(ROLES);
const label = z.enum(SENSITIVITIES);

export const INSTITUTIONS = z.object({
  revision: z.int().min(0),
  institutions: z.array(
    z.object({
      code: z.string(),
      name: z.string(),
      state: z.string().optional(),
      facilities: z.array(z.string()).optional(),
    }),
  ),
});

export const PEOPLE = z.object({
  people: z.array(
    z.object({
      id: z.uuid(),
      /** Only for who administers the person's institution. */
      login: z.string().optional(),
      name: z.string(),
      institution: z.string(),
      isActive: z.boolean(),
      roles: z.array(z.object({ role, institution: z.string(), from: time, until: time.optional() })),
    }),
  ),
});

export const FACILITIES = z.object({
  facilities: z.array(
    z.object({
      clues: z.string(),
      institution: z.string(),
      name: z.string(),
      state: z.string(),
      edition: z.iso.date(),
    }),
  ),
});

export const ROLE_PAIRS = z.object({
  roles: z.array(role),
  incompatible: z.array(
    z.object({ roles: z.tuple([role, role]), where: z.enum(['institution', 'anywhere']), reason: z.string() }),
  ),
});

export const MARKED = z.object({
  sensitivities: z.array(
    z.object({
      institution: z.string(),
      issuer: z.string(),
      patientId: z.string(),
      studyUid: z.string(),
      label,
      reason: z.string(),
      event: z.uuid(),
      at: time,
    }),
  ),
});

export const INSTITUTION_CHANGE = z.object({ institution: z.string(), how });
export const PERSON_CHANGE = z.object({ person: z.uuid(), how });
export const GRANT_CHANGE = z.object({ person: z.uuid(), role, institution: z.string(), how });
export const MARK_CHANGE = z.object({ institution: z.string(), label: z.string(), how });

const person = z.string().min(1);
export const GRANT_BODY = GRANT.extend({ person });
export const END_BODY = END.extend({ person });
export const REMOVE_BODY = z.strictObject({ person });
