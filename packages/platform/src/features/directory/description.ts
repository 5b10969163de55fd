import { looksLikeCurp } from '@acervo/interop/mexico/curp.ts';
import { stateByInegi, stateOfClues } from '@acervo/interop/mexico/states.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { ROLES, SENSITIVITIES } from '../../ports/directory.ts';
import { EVERYWHERE } from './period.ts';

const NAME_CHARS_MAX = 200;
const LOGIN_CHARS_MAX = 128;
const FACILITIES_MAX = 2000;
const REASON_CHARS_MAX = 500;
const ID_CHARS_MAX = 256;

export const INSTITUTION_CODE = z.string().refine(isInstitution, 'an institution code: 1 to 24 of A-Z 0-9 . _ -');
const place = z.union([INSTITUTION_CODE, z.literal(EVERYWHERE)], 'an institution code, or * for all');
const stateCode = z.string().refine((code) => stateByInegi(code) !== undefined, 'an INEGI code from 01 to 32');
const clues = z.string().refine((code) => stateOfClues(code) !== undefined, 'a CLUES code, such as JCSSA000123');
const name = z
  .string()
  .trim()
  .regex(new RegExp(`^[^\\p{Cc}]{1,${NAME_CHARS_MAX}}$`, 'u'), `1 to ${NAME_CHARS_MAX} characters without control`);
const noCurp = (text: string): boolean => !looksLikeCurp(text);
const CURP_REFUSED = 'no CURP: it is the number of a person, and stays out of the directory';
/** An address, a user name, a subject of an issuer. */
const login = z
  .string()
  .regex(new RegExp(`^[\\p{L}\\p{N}._@+:/|-]{1,${LOGIN_CHARS_MAX}}$`, 'u'), 'letters, digits and . _ @ + : / | -')
  .refine(noCurp, CURP_REFUSED)
  .toLowerCase();
const time = z
  .union(
    [z.iso.datetime({ offset: true }), z.iso.date().transform((date) => `${date}T00:00:00Z`)],
    'a time as RFC 3339 has it, such as 2026-01-31T08:00:00-06:00, or a date (from midnight UTC)',
  )
  .transform((text) => new Date(text).toISOString());

export const INSTITUTION = z.strictObject({
  code: INSTITUTION_CODE,
  name,
  state: stateCode.optional(),
  facilities: z
    .array(clues)
    .max(FACILITIES_MAX)
    .default([])
    .transform((codes) => [...new Set(codes)].sort()),
});

const facilityFields = z.strictObject({
  clues,
  institution: z.string().regex(/^[A-Z0-9]{1,16}$/, 'a key of the catalogue, such as SSA'),
  name,
  state: stateCode,
  edition: z.iso.date(),
});
export const FACILITY = facilityFields.refine(
  (facility) => stateOfClues(facility.clues)?.inegi === facility.state,
  'the letters of the CLUES are of another state',
);

export const PERSON = z.strictObject({
  id: z.uuid().optional(),
  login,
  name: name.refine(noCurp, CURP_REFUSED),
  institution: INSTITUTION_CODE,
  /** Not said: as before, and of a new person yes. */
  isActive: z.boolean().optional(),
});

/** Without `from`: from now on. */
export const GRANT = z.strictObject({
  role: z.enum(ROLES),
  institution: place,
  from: time.optional(),
  until: time.optional(),
});

export const END = z.strictObject({ role: z.enum(ROLES), institution: place, at: time.optional() });

const patientId = z.string().min(1).max(ID_CHARS_MAX);
const study = z.string().regex(/^(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/, 'a UID');

/** Of a patient, by issuer and identifier, or of one study. */
export const SUBJECT = z
  .strictObject({
    institution: INSTITUTION_CODE,
    label: z.enum(SENSITIVITIES),
    issuer: z.string().max(ID_CHARS_MAX).default(''),
    patientId: patientId.optional(),
    study: study.optional(),
    reason: z.string().trim().min(1, 'say why').max(REASON_CHARS_MAX),
  })
  .refine((of) => (of.patientId === undefined) !== (of.study === undefined), 'a patient, or one study')
  .refine((of) => of.study === undefined || of.issuer === '', 'a study has no issuer');

export type InstitutionGiven = z.input<typeof INSTITUTION>;
export type PersonGiven = z.input<typeof PERSON>;
export type GrantGiven = z.input<typeof GRANT>;
export type EndGiven = z.input<typeof END>;
export type SubjectGiven = z.input<typeof SUBJECT>;

/**
 * What a description says, in the form that is kept.
 * @throws {Failure} request/invalid naming the places that are wrong; values only of what is no patient's
 */
export function understood<T extends z.ZodType>(schema: T, given: unknown): z.output<T> {
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  throw new Failure('request/invalid', z.prettifyError(read.error));
}
