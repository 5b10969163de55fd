import type { Activity, Devices, Holders, Institutions, Storage } from '@acervo/interop/console/answers.ts';
import { z } from 'zod';

/** Schemas of the answers: what the description of the API says, and what tests hold answers against. */
const time = z.iso.datetime();
const count = z.int().min(0);
const institution = z.string();

const refusal = z.object({
  at: time,
  door: z.string(),
  who: z.string(),
  institution,
  reason: z.string(),
  count,
});

export const ACTIVITY = z.object({
  now: time,
  since: time,
  associations: z.array(
    z.object({
      id: count,
      aeTitle: z.string(),
      peerAddress: z.string(),
      institution,
      since: time,
      done: count,
      failed: count,
      bytes: count,
      bytesPerSecond: count,
    }),
  ),
  associationsMax: count,
  stepSeconds: count,
  steps: z.array(z.object({ at: time, taken: count, refused: count, bytes: count })),
  refusals: z.array(refusal),
  isPartial: z.boolean(),
}) satisfies z.ZodType<Activity>;

export const DEVICES = z.object({
  devices: z.array(
    z.object({
      system: z.string(),
      institution,
      lastSeen: time,
      studies: count,
      instances: count,
      marks: z.object({
        accessionMissing: count,
        charsetMissing: count,
        charsetWrong: count,
        damaged: count,
        uidReused: count,
      }),
    }),
  ),
  from: time.nullable(),
  isCut: z.boolean(),
}) satisfies z.ZodType<Devices>;

export const STORAGE = z.object({
  disk: z.object({ freeBytes: count, totalBytes: count, freeBytesMin: count, takesObjects: z.boolean() }),
  segments: z.array(z.object({ state: z.enum(['open', 'sealed', 'abandoned']), count, bytes: count })),
}) satisfies z.ZodType<Storage>;

export const INSTITUTIONS = z.object({ institutions: z.array(institution) }) satisfies z.ZodType<Institutions>;

export const HOLDERS = z.object({
  holders: z.record(z.string(), z.array(institution)),
}) satisfies z.ZodType<Holders>;
