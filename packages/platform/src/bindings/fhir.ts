import { FAILURES, toFailure } from '@acervo/kernel/failure.ts';
import type { Op } from '../ports/op.ts';
import { type HttpAnswer, type HttpRequest, problemOf, type Route } from './http.ts';

const FHIR_JSON = 'application/fhir+json';
export const FHIR_ROOT = '/fhir';
const SERVER_ERROR = 500;

/** A resource of FHIR R4 as JSON. */
export type FhirResource = { readonly resourceType: string; readonly [name: string]: unknown };

/** One parameter of a search: in the CapabilityStatement and in the descriptions of the API. */
export type SearchParameter = {
  name: string;
  type: 'date' | 'number' | 'reference' | 'string' | 'token';
  documentation: string;
};

/** A type of resource that the archive serves: its interactions are read and search-type (FHIR R4 http 3.1). */
export type FhirType = {
  type: string;
  documentation: string;
  parameters: readonly SearchParameter[];
  /** @returns a Bundle of type searchset */
  search(request: HttpRequest, op: Op): Promise<FhirResource>;
  /** @throws {Failure} request/not-found */
  read(id: string, op: Op): Promise<FhirResource>;
};

/** The routes of a type. What fails is an OperationOutcome, by the table of failures. */
export function fhirRoutes(of: FhirType): Route[] {
  const { type, parameters } = of;
  return [
    {
      method: 'GET',
      path: `${FHIR_ROOT}/${type}`,
      summary: `Search ${type} (FHIR R4)`,
      query: parameters.map(({ name, documentation }) => ({ name, description: documentation })),
      produces: [FHIR_JSON],
      handle: (request, op) => answered(op, () => of.search(request, op)),
    },
    {
      method: 'GET',
      path: `${FHIR_ROOT}/${type}/:id`,
      summary: `One ${type} (FHIR R4)`,
      produces: [FHIR_JSON],
      handle: (request, op) => answered(op, () => of.read(request.params['id'] ?? '', op)),
    },
  ];
}

/** What this server can do: made from the types that features register. */
export function capabilityRoute(types: readonly FhirType[], version: string): Route {
  // It changes with the program, never while that runs.
  const date = new Date().toISOString();
  return {
    method: 'GET',
    path: `${FHIR_ROOT}/metadata`,
    summary: 'CapabilityStatement (FHIR R4)',
    produces: [FHIR_JSON],
    isPublic: true,
    handle: () => Promise.resolve(fhirAnswer(200, capabilityStatement(types, version, date))),
  };
}

async function answered(op: Op, make: () => Promise<FhirResource>): Promise<HttpAnswer> {
  try {
    return fhirAnswer(200, await make());
  } catch (thrown) {
    const failure = toFailure(thrown);
    const { fhir, title } = FAILURES[failure.code];
    const { status, headers } = problemOf(failure, op.id);
    const { code, detail } = failure;
    op.log[status >= SERVER_ERROR ? 'warn' : 'info']('fhir.refused', { op: op.id, code, detail });
    const issue = [{ severity: 'error', code: fhir, details: { text: title }, diagnostics: `urn:uuid:${op.id}` }];
    const answer = fhirAnswer(status, { resourceType: 'OperationOutcome', issue });
    return { ...answer, headers: { ...headers, ...answer.headers } };
  }
}

const fhirAnswer = (status: number, resource: FhirResource): HttpAnswer => ({
  status,
  headers: { 'content-type': `${FHIR_JSON}; charset=utf-8`, 'cache-control': 'no-store' },
  body: JSON.stringify(resource),
});

const capabilityStatement = (types: readonly FhirType[], version: string, date: string): FhirResource => ({
  resourceType: 'CapabilityStatement',
  status: 'active',
  date,
  kind: 'instance',
  software: { name: 'Acervo', version },
  implementation: { description: 'Acervo, an archive of medical images' },
  fhirVersion: '4.0.1',
  format: ['json'],
  rest: [
    {
      mode: 'server',
      security: { description: 'Authorization: Bearer, or the certificate of a system' },
      resource: types.map(({ type, documentation, parameters }) => ({
        type,
        documentation,
        interaction: [{ code: 'read' }, { code: 'search-type' }],
        searchParam: parameters.map(({ name, type: of, documentation: what }) => ({
          name,
          type: of,
          documentation: what,
        })),
      })),
    },
  ],
});
