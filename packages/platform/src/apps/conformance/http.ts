import { TRANSFER_SYNTAXES } from '@acervo/dicom/transfer-syntax.ts';
import {
  bulkdataOffers,
  compressedMediaTypes,
  contentTypeOf,
  frameOffers,
  instanceOffers,
  metadataOffers,
  type Offer,
} from '@acervo/interop/dicomweb/representation.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import type { Route } from '../../bindings/http.ts';
import { STORED_WITH_WARNING } from '../../features/store/store.cstore.ts';
import { DICOM_WEB_ROOTS } from '../../holdings/scope.ts';
import { code, hex, table } from './markdown.ts';
import { refusalRows } from './refusals.ts';

const [ROOT, INSTITUTION_ROOT] = DICOM_WEB_ROOTS;

/** DICOMweb and the rest of HTTP. @param departures rows of the decision record that lists them */
export function describeHttp(routes: readonly Route[], departures: string): string {
  return [
    '## 3 DICOMweb and HTTP\n',
    `HTTP/1.1 without TLS. Two roots serve the same resources: \`${ROOT}\` answers from every institution that the
caller may see, \`${INSTITUTION_ROOT}\` from one. Where the first is asked for a study that several of them hold, it
answers ${FAILURES['retrieve/ambiguous'].http} with an address for each. What a caller may not see answers like what
is not there. A failure is a problem document (RFC 9457).\n`,
    '### 3.1 Resources\n',
    resources(routes),
    '### 3.2 Store (PS3.18 10.5)\n',
    store(),
    '### 3.3 Retrieve (PS3.18 10.4)\n',
    retrieve(),
    '### 3.4 Departures from PS3.18\n',
    departures,
  ].join('\n');
}

/** One row for each resource: the second root has the same ones. */
function resources(routes: readonly Route[]): string {
  const listed = routes.filter(({ method, path }) => !path.startsWith(INSTITUTION_ROOT) && method !== 'OPTIONS');
  const rows = listed.map(({ method, path, summary, consumes = [], produces = [], isPublic }) => [
    method,
    code(path),
    summary,
    [...consumes.map((type) => `takes ${code(type)}`), ...produces.map(code)].join(', '),
    isPublic === true ? 'no' : 'yes',
  ]);
  return `${table(['Method', 'Path', 'What', 'Media types', 'Token'], rows)}

\`GET\` answers \`HEAD\` too. \`OPTIONS\` of every DICOMweb resource answers its capabilities (PS3.18 8.9) as WADL, or
as JSON where that is preferred; a browser's preflight is answered instead, for the origins of
\`ACERVO_HTTP_CORS_ORIGINS\`.
`;
}

/** Codes that a part does not have: the whole request ends with the first, the others belong to other doors. */
const NOT_OF_PARTS: readonly FailureCode[] = ['store/answer-lost', 'store/uid-mismatch', 'parse/json'];

function store(): string {
  return `\`multipart/related; type="application/dicom"\`, or one file as \`application/dicom\`. Each part is an object
of its own: some can be stored and others refused.

${table(
  ['Status', 'When'],
  [
    ['200', 'all stored'],
    ['202', 'some stored, or some with a warning'],
    ['409', 'none stored; a reason for each'],
    ['400', 'no part at all, or a body that is not multipart'],
    [String(FAILURES['request/unsupported-type'].http), 'another media type'],
    [String(FAILURES['store/out-of-space'].http), 'none stored, all for want of space'],
  ],
)}

Warning Reason (0008,1196) ${hex(STORED_WITH_WARNING)}: stored as a further version. Failure Reason (0008,1197):

${table(['Reason', 'Meaning'], refusalRows(NOT_OF_PARTS, []))}
`;
}

function retrieve(): string {
  const held = (uid: string): string => TRANSFER_SYNTAXES.find((syntax) => syntax.uid === uid)?.name ?? uid;
  const native = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.2'].map((uid) => [
    held(uid),
    offered(instanceOffers(uid, 'multipart-or-single')),
    offered(frameOffers(uid, 'multipart-or-single')),
  ]);
  const byTypes = Map.groupBy(
    TRANSFER_SYNTAXES.filter(({ uid }) => compressedMediaTypes(uid).length > 0),
    ({ uid }) => compressedMediaTypes(uid).join(', '),
  );
  const rows = [...byTypes].map(([types, syntaxes]) => [
    types.split(', ').map(code).join(', '),
    syntaxes.map(({ uid }) => code(uid)).join(' '),
  ]);
  const metadata = metadataOffers()
    .map(({ mediaType }) => code(mediaType))
    .join(', ');
  return `Several objects go out as \`multipart/related\`. One goes out so, or alone where Accept asks for its own type.
\`transfer-syntax=*\` is answered with the stored bytes. Accept may be quoted or not, with wildcards and q; the query
parameter \`accept\` does the same. Metadata: ${metadata}. Bulk data: \
${offered(bulkdataOffers('multipart-or-single'))}, little endian; an encapsulated document also by its own type.

${table(['Held as', 'Instance as', 'Frames as'], native)}

A compressed object goes out as stored, its frames as \`application/octet-stream\` or:

${table(['Media type of frames', 'Transfer syntaxes'], rows)}

Entity tags are strong; \`If-None-Match\` is answered 304. A body of one part and known length is served in ranges too
(\`Range\`, \`If-Range\`). Study and series metadata are kept, also compressed, for \`Accept-Encoding: gzip\`.
`;
}

/** Media types of the parts with the transfer syntaxes that can be asked for. */
const offered = (offers: readonly Offer[]): string =>
  [...new Set(offers.map((offer) => code(contentTypeOf(offer))))].join(', ');
