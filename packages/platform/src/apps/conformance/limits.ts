import { PARSE_LIMITS } from '@acervo/dicom/data-set/limits.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { RECORD_BYTES_MAX } from '@acervo/kernel/pack/record.ts';
import { ZIP_LIMITS } from '../../adapters/fs/zip-files.ts';
import { DIMSE_LIMITS } from '../../adapters/net/dimse-server.ts';
import { HTTP_LIMITS } from '../../adapters/net/http-limits.ts';
import { MULTIPART_LIMITS } from '../../adapters/net/multipart-reader.ts';
import { code, digits, hex, table } from './markdown.ts';

/** Every named limit of what peers send, and the table of failures. A limit without a line here does not compile. */
export function describeLimits(): string {
  const rows = [
    ...rowsOf('data set', PARSE_LIMITS, PARSE),
    ...rowsOf<keyof typeof DIMSE>('association', DIMSE_LIMITS, DIMSE),
    ...rowsOf('HTTP', HTTP_LIMITS, HTTP),
    ...rowsOf('multipart', MULTIPART_LIMITS, MULTIPART),
    ...rowsOf('ZIP archive', ZIP_LIMITS, ZIP),
    ['commit record', code('RECORD_BYTES_MAX'), digits(RECORD_BYTES_MAX), 'bytes of one commit record'],
  ];
  const failures = (Object.keys(FAILURES) as FailureCode[]).map((name) => [
    code(name),
    FAILURES[name].title,
    hex(FAILURES[name].dimse),
    String(FAILURES[name].http),
  ]);
  return `## 7 Named limits

What an operator may change stands in [configuration.md](configuration.md); these are fixed.

${table(['Of', 'Name', 'Value', 'Meaning'], rows)}

## 8 Failures

${table(['Code', 'Title', 'DIMSE', 'HTTP'], failures)}
`;
}

function rowsOf<Name extends string>(
  of: string,
  limits: Readonly<Record<Name, number>>,
  meanings: Readonly<Record<Name, string>>,
): string[][] {
  const names = Object.keys(meanings) as Name[];
  return names.map((name) => [of, code(name), digits(limits[name]), meanings[name]]);
}

const PARSE: Record<keyof typeof PARSE_LIMITS, string> = {
  depthMax: 'nested sequences; deeper ones are kept unread',
  elementsMax: 'data elements, those of items included',
  itemsMax: 'items of all sequences',
  fragmentsMax: 'fragments of encapsulated pixel data',
  valueBytesMax: 'a longer value stays where it lies',
  headerBytesMax: 'memory of what a reader keeps, in bytes',
  deflateRatioMax: 'inflated bytes for each deflated one',
  inflatedBytesFree: 'inflated bytes that are not held against the ratio',
  metaBytesMax: 'File Meta Information, in bytes',
};

/** Those that are settings stand elsewhere. */
const DIMSE: Record<Exclude<keyof typeof DIMSE_LIMITS, 'associationsMax' | 'pduBytesMax'>, string> = {
  halfOpenPerAddressMax: 'connections of one address that have not asked for an association',
  artimMs: 'the ARTIM timer, in milliseconds',
  idleMs: 'silence between two messages, in milliseconds',
  stallMs: 'silence within a message, in milliseconds',
  drainBytesMax: 'bytes read of a data set that was answered already',
};

const HTTP: Record<keyof typeof HTTP_LIMITS, string> = {
  connectionsMax: 'connections at a time',
  headerBytesMax: "a request's line and headers, in bytes (431)",
  urlCharsMax: 'characters of a request target (414)',
  headersMs: 'for the headers to arrive, in milliseconds',
  requestMs: 'for the whole request to arrive, in milliseconds',
  stallMs: 'silence of a sender, or of a reader, in milliseconds',
  keepAliveMs: 'silence between two requests, in milliseconds',
  drainBytesMax: 'bytes read of a body that nobody wanted',
  hostedBytesMax: 'bytes of a request to the issuer of logins (413)',
  hostedMs: 'for such a request and its whole answer, in milliseconds',
  gzipBytesMin: 'shorter answers are not compressed, in bytes',
};

const MULTIPART: Record<keyof typeof MULTIPART_LIMITS, string> = {
  headerBytesMax: "a part's headers, in bytes",
  headersMax: 'headers of a part',
  partsMax: 'parts of a request',
};

const ZIP: Record<keyof typeof ZIP_LIMITS, string> = {
  entriesMax: 'entries',
  bytesMax: 'bytes inflated, all entries together',
  ratioMax: 'inflated bytes for each byte of the archive',
  bytesFree: 'inflated bytes that are not held against the ratio',
};
