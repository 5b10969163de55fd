import { z } from 'zod';
import type { Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer, jsonBodyOf, parametersOf, understood } from '../../bindings/json-body.ts';
import { chosen } from '../../bindings/representation.ts';
import { patientOfRef } from '../../holdings/patient.ts';
import { accessesOf, type Ports } from './accesses.ts';
import { periodOf } from './period.ts';
import { reportHtml } from './report.ts';
import { decideSecondaryUse, listDecisions, secondaryUseOf } from './secondary-use.ts';
import { EN, ES } from './words.ts';

const HTML_TYPE = 'text/html';
const OFFERS = [
  { mediaType: JSON_TYPE, multipart: false, isDefault: true },
  { mediaType: HTML_TYPE, multipart: false, isDefault: true },
];
const REASON_CHARS_MAX = 500;

const REF = z.string().max(2_000).transform(patientOfRef);
const DAY = z.iso.date().or(z.iso.datetime({ offset: true }));
const ASKED = z.strictObject({
  patient: REF,
  from: DAY.optional(),
  until: DAY.optional(),
  language: z.enum(['es', 'en']).default('es'),
  accept: z.string().optional(),
});
const OF_PATIENT = z.strictObject({ patient: REF.optional() });
const DECIDED = z.strictObject({
  patient: REF,
  decision: z.enum(['refused', 'permitted']),
  reason: z.string().trim().min(1).max(REASON_CHARS_MAX),
});

const PATIENT = { name: 'patient', description: 'INSTITUTION/ISSUER/ID, each percent-encoded' };

/** What patients may ask of the archive. Not in the standard. */
export function rightsRoutes(ports: Ports): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/rights/accesses',
      summary: 'Who saw the studies of a patient, when, why and from where; as JSON or as a report to print',
      query: [
        PATIENT,
        { name: 'from', description: 'A day or a moment (RFC 3339); a year ago unless said' },
        { name: 'until', description: 'The end of the period, not within it; now unless said' },
        { name: 'language', description: 'Of the report: es or en' },
      ],
      produces: [JSON_TYPE, HTML_TYPE],
      handle: async (request, op) => {
        const { patient, from, until, language } = understood(ASKED, parametersOf(request));
        const { mediaType } = chosen(request, OFFERS);
        const report = await accessesOf(ports, op, patient, periodOf(from, until, new Date()));
        if (mediaType === JSON_TYPE) return jsonAnswer(report);
        return {
          status: 200,
          headers: {
            'content-type': 'text/html; charset=utf-8',
            'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; sandbox",
            'cache-control': 'no-store',
          },
          body: reportHtml(report, language === 'es' ? ES : EN),
        };
      },
    },
    {
      method: 'GET',
      path: '/api/rights/secondary-use',
      summary: 'What a patient has decided of the use of its data beyond its care; without a patient, the ledger',
      query: [PATIENT],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const { patient } = understood(OF_PATIENT, parametersOf(request));
        if (patient === undefined) return jsonAnswer({ decisions: await listDecisions(ports.db, op) });
        return jsonAnswer(await secondaryUseOf(ports.db, op, patient));
      },
    },
    {
      method: 'POST',
      path: '/api/rights/secondary-use',
      summary: 'Write down a decision of a patient: { patient, decision: refused | permitted, reason }',
      consumes: [JSON_TYPE],
      produces: [JSON_TYPE],
      handle: async (request, op) => {
        const { patient, ...decided } = understood(DECIDED, await jsonBodyOf(request));
        return jsonAnswer(await decideSecondaryUse(ports.db, op, patient, decided));
      },
    },
  ];
}
