import { z } from 'zod';
import type { Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf, parametersOf, understood } from '../../bindings/json-body.ts';
import { patientOfRef } from '../../holdings/patient.ts';
import { linkPatients, REASON_CHARS_MAX, unlinkPatient } from './link.ts';
import { COLLISIONS_MAX, type Ports, showCollisions, showPatients } from './show.ts';

const ID_CHARS_MAX = 256;

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
      handle: async (request, op) => {
        const { id, issuer } = understood(ASKED, parametersOf(request));
        return jsonAnswer({ patients: await showPatients(ports, op, { id, issuer }) });
      },
    },
    {
      method: 'GET',
      path: '/api/patients/collisions',
      summary: `What is told of a patient and cannot be of one person, the oldest ${COLLISIONS_MAX}`,
      produces: [JSON_TYPE],
      handle: async (_, op) => jsonAnswer({ collisions: await showCollisions(ports, op) }),
    },
    {
      method: 'POST',
      path: '/api/patients/link',
      summary: 'Two patients are one person: { patients: [patient, patient], reason }',
      consumes: [JSON_TYPE],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const { patients, reason } = understood(LINK, await jsonBodyOf(request));
        return jsonAnswer(await linkPatients(ports.db, op, patients, reason));
      },
    },
    {
      method: 'POST',
      path: '/api/patients/unlink',
      summary: 'A patient is not the person whom it is linked with: { patient, reason }',
      consumes: [JSON_TYPE],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const { patient, reason } = understood(UNLINK, await jsonBodyOf(request));
        return jsonAnswer(await unlinkPatient(ports.db, op, patient, reason));
      },
    },
  ];
}
