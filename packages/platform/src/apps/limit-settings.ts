import { integer } from './setting.ts';

/** How much of the archive one caller, address or institution may take; part of SETTINGS. */
export const LIMIT_SETTINGS = {
  associationsPerAddressMax: integer(
    {
      env: 'ACERVO_ASSOCIATIONS_PER_ADDRESS_MAX',
      unit: 'associations',
      doc: 'Associations of one address: a gateway that stands before many systems may need more.',
    },
    64,
    1,
    10_000,
  ),
  artimMs: integer(
    {
      env: 'ACERVO_ARTIM_MS',
      unit: 'ms',
      doc: 'The ARTIM timer (PS3.8 9.1.5): for an association to be asked for, and for its connection to end.',
    },
    10_000,
    100,
    600_000,
  ),
  stallMs: integer(
    {
      env: 'ACERVO_STALL_MS',
      unit: 'ms',
      doc: 'Longest silence within a message, a body or an answer; less than 16 KiB in that time is silence.',
    },
    120_000,
    100,
    3_600_000,
  ),
  httpRequestsMax: integer(
    {
      env: 'ACERVO_HTTP_REQUESTS_MAX',
      unit: 'requests',
      doc: 'HTTP requests in work at a time, shared fairly among institutions; one more is answered 429.',
    },
    1_000,
    1,
    100_000,
  ),
  httpCallerRate: integer(
    {
      env: 'ACERVO_HTTP_CALLER_RATE',
      unit: 'requests/s',
      doc: 'HTTP requests of one caller, five seconds of it at once; more: 429. 0: no limit, as under open access.',
    },
    2_000,
    0,
    1_000_000,
  ),
  httpInstitutionRate: integer(
    {
      env: 'ACERVO_HTTP_INSTITUTION_RATE',
      unit: 'requests/s',
      doc: 'The same for all callers of one institution together.',
    },
    5_000,
    0,
    1_000_000,
  ),
} as const;
