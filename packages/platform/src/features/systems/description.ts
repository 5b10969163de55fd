import { isInstitution } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { SERVICES, SYSTEM_KINDS, type System } from '../../ports/systems.ts';

const TRANSFER_SYNTAXES_MAX = 64;
const CERTIFICATES_MAX = 16;
const ASSOCIATIONS_MAX = 10_000;
const PORT_MAX = 65_535;

/** AE of PS3.5 6.2, without the spaces that count for nothing at either end. */
const aeTitle = z.string().regex(/^(?! )[ -[\]-~]{1,16}(?<! )$/, '1 to 16 characters without backslash or outer space');
const institution = z.string().refine(isInstitution, 'an institution code: 1 to 24 of A-Z 0-9 . _ -');
/** Letters of state and institution, then six digits, as the catalogue of the Secretaría de Salud has them. */
const facility = z.string().regex(/^[A-Z]{5}\d{6}$/, 'a CLUES code, such as DFSSA001234');
const text = z.string().regex(/^[^\\\p{Cc}]{1,64}$/u, '1 to 64 characters without backslash or control');
const host = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'a host name or IP address');
const charset = z.string().regex(/^ISO_IR \d{1,3}$|^GB18030$|^GBK$/, 'a defined term, such as ISO_IR 100');
const uid = z.string().regex(/^(?=.{1,64}$)(0|[1-9]\d*)(\.(0|[1-9]\d*))+$/, 'a UID');
/** By the whole certificate; by a DNS name or a common name that its issuer vouches for. */
const certificate = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$|^(dns|cn):[^\p{Cc}]{1,253}$/u, 'sha256:<64 hex digits>, dns:<name> or cn:<name>');

const fields = {
  aeTitle,
  institution,
  facility: facility.optional(),
  kind: z.enum(SYSTEM_KINDS).default('other'),
  vendor: text.optional(),
  product: text.optional(),
  host: host.optional(),
  port: z.int().min(1).max(PORT_MAX).optional(),
  tls: z.boolean().default(false),
  certificates: z.array(certificate).max(CERTIFICATES_MAX).default([]),
  may: z.array(z.enum(SERVICES)).default(['echo', 'store']),
  isMoveDestination: z.boolean().default(false),
  transferSyntaxes: z.array(uid).max(TRANSFER_SYNTAXES_MAX).default([]),
  charset: charset.optional(),
  issuer: text.optional(),
  associationsMax: z.int().min(1).max(ASSOCIATIONS_MAX).optional(),
};

/** A system as a file or a command describes it; what is not said has its default. */
export const SYSTEM = z.strictObject(fields) satisfies z.ZodType<System>;

/** A system of ACERVO_ACCESS_FILE, which may do everything unless the file says less. */
export const ACCESS_FILE_SYSTEM = z.strictObject({
  ...fields,
  may: z.array(z.enum(SERVICES)).default([...SERVICES]),
}) satisfies z.ZodType<System>;

/** A system as the database has it: a later release may have told it more. */
export const STORED_SYSTEM = z.object(fields) satisfies z.ZodType<System>;

export type Field = keyof typeof fields;
export const FIELDS = Object.keys(fields) as Field[];

/** Fields whose values are lists, numbers or yes and no when they are told as text. */
const LISTS: readonly Field[] = ['certificates', 'may', 'transferSyntaxes'];
const NUMBERS: readonly Field[] = ['port', 'associationsMax'];
const BOOLEANS: Readonly<Record<string, boolean>> = { true: true, yes: true, false: false, no: false };

/** The value that a text stands for; what is not understood stays text, and the schema refuses it. */
export function fieldOf(name: Field, told: string): unknown {
  if (told === '') return undefined;
  if (LISTS.includes(name)) return told.split(',').map((item) => item.trim());
  if (NUMBERS.includes(name)) return /^\d{1,9}$/.test(told) ? Number(told) : told;
  return name === 'tls' || name === 'isMoveDestination' ? (BOOLEANS[told] ?? told) : told;
}
