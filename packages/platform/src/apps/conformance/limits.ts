import { PARSE_LIMITS } from '@acervo/dicom/data-set/limits.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { RECORD_BYTES_MAX } from '@acervo/kernel/pack/record.ts';
import { ZIP_LIMITS } from '../../adapters/fs/zip-files.ts';
import { DIMSE_LIMITS } from '../../adapters/net/dimse-limits.ts';
import { HTTP_LIMITS } from '../../adapters/net/http-limits.ts';
import { MULTIPART_LIMITS } from '../../adapters/net/multipart-reader.ts';
import { code, digits, hex, table } from './markdown.ts';

/** Every named limit of what peers send, and the table of failures. A limit without a line here does not compile. */
export function describeLimits(): string {
  const rows = [
    ...rowsOf('data set', PARSE_LIMITS, PARSE),
    ...rowsOf<keyof typeof DIMSE>('association', DIMSE_LIMITS, DIMSE),
    ...rowsOf<keyof typeof HTTP>('HTTP', HTTP_LIMITS, HTTP),
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
type DimseSetting = 'associationsMax' | 'associationsPerAddressMax' | 'pduBytesMax' | 'artimMs' | 'stallMs';
const DIMSE: Record<Exclude<keyof typeof DIMSE_LIMITS, DimseSetting>, string> = {
  halfOpenMax: 'connections without an association; one more, and the oldest is closed',
  halfOpenPerAddressMax: 'those of one address; one more, and its oldest is closed',
  idleMs: 'silence between two messages, in milliseconds',
  paceBytesMin: 'bytes of a message that have to come within `ACERVO_STALL_MS`',
  drainBytesMax: 'bytes read of a data set that was answered already',
};

const HTTP: Record<Exclude<keyof typeof HTTP_LIMITS, 'stallMs'>, string> = {
  connectionsMax: 'connections at a time',
  waitingMax: 'connections without a request of a known caller in work; one more, and the oldest is closed',
  waitingPerAddressMax: 'those of one address; one more, and its oldest is closed',
  headerBytesMax: "a request's line and headers, in bytes (431)",
  urlCharsMax: 'characters of a request target (414)',
  headersMs: 'for the headers to arrive, in milliseconds',
  requestMs: 'for the whole request to arrive, in milliseconds',
  paceBytesMin: 'bytes of a body that have to come within `ACERVO_STALL_MS`',
  keepAliveMs: 'silence between two requests, in milliseconds',
  drainBytesMax: 'bytes read of a body that nobody wanted',
  drainMs: 'for that, in milliseconds',
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
