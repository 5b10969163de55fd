import type { SessionAnswer } from '@acervo/interop/console/session.ts';
import { z } from 'zod';
import { PURPOSES, ROLES } from '../../ports/directory.ts';

const PERSON = z.object({
  id: z.string(),
  name: z.string(),
  login: z.string(),
  roles: z.array(z.enum(ROLES)),
  institution: z.string(),
  institutions: z.array(z.string()),
  purpose: z.union([z.enum(PURPOSES), z.literal('')]),
  purposes: z.array(z.enum(PURPOSES)),
  strength: z.enum(['password', 'second-factor', 'certificate', 'secret']),
  csrf: z.string(),
});

/** Who is logged in. `open`: everybody is let in, and nobody can log in. */
export const SESSION = z.object({
  access: z.enum(['open', 'enforced']),
  person: PERSON.nullable(),
}) satisfies z.ZodType<SessionAnswer>;

export const CHOICE = z.strictObject({
  institution: z.string().max(24).optional(),
  purpose: z.enum(PURPOSES).optional(),
});
