import { isValidUid } from '@acervo/dicom/uid.ts';
import type { QueryParameter } from '@acervo/interop/dicomweb/capabilities.ts';
import { acceptOf } from '@acervo/interop/dicomweb/media-type.ts';
import { parseQuery, type QueryLevel } from '@acervo/interop/dicomweb/query.ts';
import { chooseRepresentation, metadataOffers } from '@acervo/interop/dicomweb/representation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest, type Route } from '../../bindings/http.ts';
import { DICOM_WEB_ROOTS } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import { matchText, returnedOf } from './answer.ts';
import { explain } from './explain.ts';
import { type Found, type Path, type Ports, search } from './search.ts';

/** PS3.18 table 10.6.1-1. */
const RESOURCES: readonly { path: string; level: QueryLevel; summary: string }[] = [
  { path: '/studies', level: 'study', summary: 'Search for studies' },
  { path: '/series', level: 'series', summary: 'Search for series' },
  { path: '/instances', level: 'instance', summary: 'Search for instances' },
  { path: '/studies/:study/series', level: 'series', summary: 'Search for series of a study' },
  { path: '/studies/:study/instances', level: 'instance', summary: 'Search for instances of a study' },
  { path: '/studies/:study/series/:series/instances', level: 'instance', summary: 'Search for instances of a series' },
];

/** PS3.18 8.3.4; besides these, attributes by keyword or tag. */
const PARAMETERS: readonly QueryParameter[] = [
  { name: 'includefield', description: 'Attributes to be returned: a list of keywords or tags, or all' },
  { name: 'fuzzymatching', description: 'true: the words of a name in any order, each a prefix' },
  { name: 'emptyvaluematching', description: 'true: "" searches for empty values' },
  { name: 'multiplevaluematching', description: 'true: of several values all are wanted' },
  { name: 'limit' },
  { name: 'offset' },
  { name: 'cursor', description: 'Where to go on: as the Link header of the answer before said' },
  { name: 'accept' },
];

const CONTENT_TYPE = 'application/dicom+json';

/** Search Transaction (PS3.18 10.6). */
export function queryRoutes(ports: Ports): Route[] {
  return DICOM_WEB_ROOTS.flatMap((root) =>
    RESOURCES.map(
      ({ path, level, summary }): Route => ({
        method: 'GET',
        path: root + path,
        summary,
        query: PARAMETERS,
        produces: [CONTENT_TYPE],
        handle: (request, op) => answer(ports, request, op, level),
      }),
    ),
  );
}

/** The same resources below another root: how the search would be answered. Not in the standard. */
export function explainRoutes(ports: Ports): Route[] {
  return RESOURCES.map(
    ({ path, level, summary }): Route => ({
      method: 'GET',
      path: `/api/explain${path}`,
      summary: `${summary}: how that would be answered`,
      query: PARAMETERS,
      produces: ['application/json'],
      handle: async (request, op) => {
        const explanation = await explain(ports, op, parseQuery(request.rawQuery, level), pathOf(request));
        return {
          status: 200,
          headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
          body: JSON.stringify(explanation),
        };
      },
    }),
  );
}

async function answer(ports: Ports, request: HttpRequest, op: Op, level: QueryLevel): Promise<HttpAnswer> {
  const accepted = acceptOf(request.headers['accept'], request.rawQuery);
  if (chooseRepresentation(accepted, metadataOffers()) === undefined) {
    throw new Failure('retrieve/not-acceptable', 'search results are DICOM JSON');
  }
  const path = pathOf(request);
  const query = parseQuery(request.rawQuery, level);
  const base = baseUrlOf(request);
  const found = await search(ports, op, query, path, base);
  const root = path.institution === undefined ? '/dicom-web' : `/dicom-web/i/${path.institution}`;
  const returned = returnedOf(query, path, base + root);
  const texts = found.rows.map((row, index) => matchText(row, returned, found.headers[index]));
  const next = found.next === undefined ? undefined : nextUrl(base, request, found.next);
  return { status: 200, headers: headersOf(found, next, query.offset), body: `[${texts.join(',')}]` };
}

function pathOf({ params }: HttpRequest): Path {
  const { institution, study, series } = params;
  for (const uid of [study, series]) {
    if (uid !== undefined && !isValidUid(uid)) throw new Failure('request/invalid', 'path: no UID (PS3.5 9.1)');
  }
  return {
    ...(institution !== undefined && { institution }),
    ...(study !== undefined && { study }),
    ...(series !== undefined && { series }),
  };
}

const TOO_MANY = 'The number of results exceeded the maximum supported by the server.';

/** PS3.18 8.3.4.4.1; X-Total-Count is what others answer, too. Where a cursor leads is not in the standard. */
function headersOf(found: Found, next: string | undefined, offset: number): Record<string, string> {
  const warnings = warningsOf(found, offset).map((text) => `299 acervo "${text}"`);
  return {
    'content-type': CONTENT_TYPE,
    'x-total-count': String(found.total),
    vary: 'accept',
    'cache-control': 'no-store',
    ...(next !== undefined && { link: `<${next}>; rel="next"` }),
    ...(warnings.length > 0 && { warning: warnings.join(', ') }),
  };
}

function warningsOf({ total, isExact, isPlaced, rows, next, isLimitOurs }: Found, offset: number): string[] {
  const warnings: string[] = [];
  const isKnown = isExact && isPlaced;
  const remaining = total - offset - rows.length;
  if (next !== undefined && isLimitOurs) warnings.push(`${TOO_MANY} Additional results can be requested.`);
  else if (next !== undefined) {
    warnings.push(`There are ${isKnown ? `${remaining} ` : ''}additional results that can be requested.`);
  }
  if (!isExact) warnings.push(`At least ${total} results match; X-Total-Count says no more than that.`);
  return warnings;
}

/** The address of what follows an answer: the one asked for, from behind its last match. */
function nextUrl(base: string, { url, rawQuery }: HttpRequest, cursor: string): string {
  const [path = ''] = url.split('?');
  const kept = rawQuery.split('&').filter((parameter) => parameter !== '' && !/^(?:cursor|offset)=/i.test(parameter));
  const target = `${base}${path}?${[...kept, `cursor=${cursor}`].join('&')}`;
  return target.replaceAll(/[^\x21-\x7e]|[<>"]/g, encodeURIComponent);
}
