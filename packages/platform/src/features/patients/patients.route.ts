import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { linkPatients, REASON_CHARS_MAX, unlinkPatient } from './link.ts';
import { patientOfRef } from './patient.ts';
import { COLLISIONS_MAX, type Ports, showCollisions, showPatients } from './show.ts';

const BODY_BYTES_MAX = 16_384;
const ID_CHARS_MAX = 256;
const JSON_TYPE = 'application/json';

const REF = z.string().max(2_000).transform(patientOfRef);
const REASON = z.string().trim().min(1).max(REASON_CHARS_MAX);
const LINK = z.strictObject({ patients: z.tuple([REF, REF]), reason: REASON });
const UNLINK = z.strictObject({ patient: REF, reason: REASON });
const ASKED = z.strictObject({
  id: z.string().min(1).max(ID_CHARS_MAX),
  issuer: z.string().max(ID_CHARS_MAX).optional(),
});

/** Patients by identifier, and which of them are one person. Not in the standard. */
export function patientRoutes(ports: Ports): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/patients',
      summary: 'Patients by any identifier, and whom each is linked with',
      query: [
        { name: 'id', description: 'A patient identifier of any kind: Patient ID, CURP, ...' },
        { name: 'issuer', description: 'Whose identifier; RENAPO of a CURP' },
      ],
      produces: [JSON_TYPE],
      handle: async ({ query }, op) => {
        const asked = Object.fromEntries(query);
        if (Object.keys(asked).length !== query.size) throw new Failure('request/invalid', 'a parameter said twice');
        const { id, issuer } = parsed(ASKED, asked);
        return json({ patients: await showPatients(ports, op, { id, issuer }) });
      },
    },
    {
      method: 'GET',
      path: '/api/patients/collisions',
      summary: `What is told of a patient and cannot be of one person, the oldest ${COLLISIONS_MAX}`,
      produces: [JSON_TYPE],
      handle: async (_, op) => json({ collisions: await showCollisions(ports, op) }),
    },
    {
      method: 'POST',
      path: '/api/patients/link',
      summary: 'Two patients are one person: { patients: [patient, patient], reason }',
      consumes: [JSON_TYPE],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const { patients, reason } = parsed(LINK, await bodyOf(request));
        return json(await linkPatients(ports.db, op, patients, reason));
      },
    },
    {
      method: 'POST',
      path: '/api/patients/unlink',
      summary: 'A patient is not the person whom it is linked with: { patient, reason }',
      consumes: [JSON_TYPE],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const { patient, reason } = parsed(UNLINK, await bodyOf(request));
        return json(await unlinkPatient(ports.db, op, patient, reason));
      },
    },
  ];
}

/** What is wrong is named by its place, never by its value. */
function parsed<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const places = result.error.issues.map(({ path, code }) => `${path.join('.')} ${code}`);
  throw new Failure('request/invalid', places.join(', '));
}

async function bodyOf({ headers, body }: HttpRequest): Promise<unknown> {
  const [type] = (headers['content-type'] ?? '').split(';');
  if (type?.trim().toLowerCase() !== JSON_TYPE) throw new Failure('request/unsupported-type', 'not JSON');
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > BODY_BYTES_MAX) throw new Failure('request/invalid', `a body of more than ${BODY_BYTES_MAX} bytes`);
    chunks.push(Uint8Array.from(chunk));
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw new Failure('request/invalid', 'the body is not JSON', { cause });
  }
}

const json = (value: object): HttpAnswer => ({
  status: 200,
  headers: { 'content-type': JSON_TYPE, 'cache-control': 'no-store' },
  body: JSON.stringify(value),
});
