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
import { COUNT_MAX } from './count.ts';
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
  return { status: 200, headers: headersOf(found), body: `[${texts.join(',')}]` };
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

/** PS3.18 8.3.4.4.1; X-Total-Count is what others answer, too. */
function headersOf(found: Found): Record<string, string> {
  const { total, rows, offset, isLimitOurs } = found;
  const isCapped = total > COUNT_MAX;
  const remaining = Math.max(0, total - offset - rows.length);
  const warnings: string[] = [];
  if (remaining > 0 && isLimitOurs) {
    warnings.push(`${TOO_MANY} Additional results can be requested.`);
  } else if (remaining > 0) {
    warnings.push(`There are ${isCapped ? 'at least ' : ''}${remaining} additional results that can be requested.`);
  }
  if (isCapped) warnings.push(`More than ${COUNT_MAX} results match; X-Total-Count says no more than that.`);
  return {
    'content-type': CONTENT_TYPE,
    'x-total-count': String(Math.min(total, COUNT_MAX)),
    vary: 'accept',
    'cache-control': 'no-store',
    ...(warnings.length > 0 && { warning: warnings.map((text) => `299 acervo "${text}"`).join(', ') }),
  };
}
