import { isValidUid } from '@acervo/dicom/uid.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { PURPOSES } from '../../ports/directory.ts';
import type { Agreement, Glass, Referral } from '../../ports/sharing.ts';

/** Characters of a reason, and of the reference of a document. */
const TEXT_CHARS_MAX = 500;
const ID_CHARS_MAX = 256;
const MODALITIES_MAX = 100;

/** As text it stands in the order of time: the one form that is compared. */
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text).toISOString());
const day = z.iso.date();
const institution = z.string().refine(isInstitution, 'an institution code: 1 to 24 of A-Z 0-9 . _ -');
const told = z.string().trim().min(1).max(TEXT_CHARS_MAX);
const patient = { issuer: z.string().max(ID_CHARS_MAX), patientId: z.string().min(1).max(ID_CHARS_MAX) };
const studyUid = z.string().refine(isValidUid, 'a UID (PS3.5 9.1)');

const VALIDITY = z
  .strictObject({ from: moment, until: moment.optional() })
  .refine(({ from, until }) => until === undefined || from < until, 'it ends before it begins');

const between = { owner: institution, receiver: institution };
const areTwo = ({ owner, receiver }: { owner: string; receiver: string }): boolean => owner !== receiver;

export const AGREEMENT = z
  .strictObject({
    ...between,
    modalities: z
      .array(z.string().regex(/^[A-Z0-9_]{1,16}$/))
      .min(1)
      .max(MODALITIES_MAX)
      .optional(),
    from: day.optional(),
    to: day.optional(),
    purposes: z.array(z.enum(PURPOSES)).min(1),
    validity: VALIDITY,
    reference: told,
  })
  .refine(areTwo, 'an institution sees its own') satisfies z.ZodType<Agreement>;

export const REFERRAL = z
  .strictObject({ ...between, ...patient, reason: told, validity: VALIDITY })
  .refine(areTwo, 'an institution sees its own') satisfies z.ZodType<Referral>;

export const GLASS = z.strictObject({
  ...between,
  person: z.string().min(1).max(ID_CHARS_MAX),
  subject: z.union([z.strictObject(patient), z.strictObject({ studyUid })]),
  reason: told,
  validity: VALIDITY,
  review: z.strictObject({ by: z.string(), at: moment, finding: told }).optional(),
}) satisfies z.ZodType<Glass>;

/** What is said of glass when it is broken: the rest follows from who breaks it, and when. */
export const GLASS_ASKED = z.strictObject({
  owner: institution,
  subject: GLASS.shape.subject,
  reason: told,
  minutes: z
    .int()
    .min(1)
    .max(24 * 60)
    .default(4 * 60),
});

export const FINDING = told;
