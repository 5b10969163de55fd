type WireRow = { dimse: number; http: number; fhir: string; hl7: 'AE' | 'AR'; title: string };

/**
 * Every way the archive can say no, and how each protocol says it. A row missing a column does not
 * compile. `title` reaches peers: constant, free of PHI, at most 64 chars (Error Comment is LO).
 * dimse: PS3.7 Annex C, PS3.4 Table B.2-1 | http: RFC 9457 | fhir: IssueType | hl7: MSA-1, table 0008
 */
export const FAILURES = {
  'store/out-of-space': { dimse: 0xa700, http: 507, fhir: 'no-store', hl7: 'AR', title: 'Out of storage space' },
  'store/too-large': { dimse: 0xa700, http: 413, fhir: 'too-long', hl7: 'AE', title: 'Object larger than the limit' },
  'store/not-a-dataset': { dimse: 0xc000, http: 400, fhir: 'structure', hl7: 'AE', title: 'Data set not understood' },
  'store/missing-uid': { dimse: 0xa900, http: 409, fhir: 'required', hl7: 'AE', title: 'A required UID is missing' },
  'store/invalid-uid': { dimse: 0xa900, http: 409, fhir: 'value', hl7: 'AE', title: 'A UID is not valid' },
  'store/uid-mismatch': {
    dimse: 0xa900,
    http: 409,
    fhir: 'conflict',
    hl7: 'AE',
    title: 'UIDs of request and data set differ',
  },
  'store/wrong-study': {
    dimse: 0xa900,
    http: 409,
    fhir: 'conflict',
    hl7: 'AE',
    title: 'Study Instance UID is not the one addressed',
  },
  'store/not-storage': {
    dimse: 0x0122,
    http: 409,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Not a composite storage SOP class',
  },
  'store/unknown-transfer-syntax': {
    dimse: 0xc000,
    http: 409,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Transfer syntax not of the standard',
  },
  'store/answer-lost': { dimse: 0xa700, http: 503, fhir: 'transient', hl7: 'AR', title: 'Outcome unknown: send again' },
  'store/unavailable': {
    dimse: 0xa700,
    http: 503,
    fhir: 'transient',
    hl7: 'AR',
    title: 'Archive cannot write now: send again',
  },
  'parse/malformed': { dimse: 0xc000, http: 400, fhir: 'structure', hl7: 'AE', title: 'Malformed data set' },
  'parse/truncated': { dimse: 0xc000, http: 400, fhir: 'structure', hl7: 'AE', title: 'Data set ends too early' },
  'parse/limit': { dimse: 0xc000, http: 400, fhir: 'too-costly', hl7: 'AE', title: 'Data set exceeds a named limit' },
  'parse/not-part10': { dimse: 0xc000, http: 400, fhir: 'structure', hl7: 'AE', title: 'Not a DICOM file' },
  'parse/json': { dimse: 0xc000, http: 400, fhir: 'structure', hl7: 'AE', title: 'Not the DICOM JSON model' },
  'retrieve/not-found': { dimse: 0x0112, http: 404, fhir: 'not-found', hl7: 'AE', title: 'No such object' },
  'retrieve/ambiguous': {
    dimse: 0x0110,
    http: 409,
    fhir: 'multiple-matches',
    hl7: 'AE',
    title: 'Several institutions hold this UID',
  },
  'retrieve/not-acceptable': {
    dimse: 0x0110,
    http: 406,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'No acceptable representation',
  },
  'retrieve/bad-identifier': {
    dimse: 0xa900,
    http: 400,
    fhir: 'invalid',
    hl7: 'AE',
    title: 'Identifier does not match SOP Class',
  },
  'retrieve/unknown-destination': {
    dimse: 0xa801,
    http: 404,
    fhir: 'not-found',
    hl7: 'AE',
    title: 'Move destination unknown',
  },
  'retrieve/no-frame': { dimse: 0x0110, http: 404, fhir: 'not-found', hl7: 'AE', title: 'No such frame' },
  'retrieve/range': { dimse: 0x0110, http: 416, fhir: 'value', hl7: 'AE', title: 'Range not satisfiable' },
  'retrieve/damaged': { dimse: 0x0110, http: 500, fhir: 'exception', hl7: 'AR', title: 'Stored bytes are damaged' },
  'retrieve/elsewhere': { dimse: 0xa702, http: 503, fhir: 'transient', hl7: 'AR', title: 'Held by another node' },
  'pixel/no-image': { dimse: 0x0110, http: 406, fhir: 'not-supported', hl7: 'AE', title: 'Object has no image' },
  'pixel/unsupported': {
    dimse: 0x0110,
    http: 406,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Pixel encoding not supported here',
  },
  'pixel/malformed': { dimse: 0x0110, http: 406, fhir: 'structure', hl7: 'AE', title: 'Pixels cannot be decoded' },
  'pixel/limit': { dimse: 0x0110, http: 406, fhir: 'too-costly', hl7: 'AE', title: 'Image exceeds a named limit' },
  'pixel/busy': { dimse: 0xa702, http: 503, fhir: 'transient', hl7: 'AR', title: 'Too many images in work: try again' },
  'pixel/failed': { dimse: 0x0110, http: 500, fhir: 'exception', hl7: 'AR', title: 'Decoder gave up on this image' },
  'query/invalid': { dimse: 0xa900, http: 400, fhir: 'invalid', hl7: 'AE', title: 'Query not understood' },
  'query/not-indexed': {
    dimse: 0xa700,
    http: 400,
    fhir: 'too-costly',
    hl7: 'AE',
    title: 'Attribute cannot be searched here',
  },
  'query/too-broad': {
    dimse: 0xa700,
    http: 413,
    fhir: 'too-costly',
    hl7: 'AE',
    title: 'Query too broad: add a key with an index, or follow the Link',
  },
  'query/too-costly': { dimse: 0xa700, http: 503, fhir: 'too-costly', hl7: 'AE', title: 'Query took too long' },
  'patient/linked-otherwise': {
    dimse: 0x0110,
    http: 409,
    fhir: 'conflict',
    hl7: 'AE',
    title: 'Patient is linked otherwise',
  },
  'directory/incompatible': {
    dimse: 0x0110,
    http: 409,
    fhir: 'business-rule',
    hl7: 'AE',
    title: 'Roles that one person must not have together',
  },
  'access/denied': { dimse: 0x0124, http: 403, fhir: 'forbidden', hl7: 'AR', title: 'Not authorized' },
  'access/unknown': { dimse: 0x0124, http: 401, fhir: 'login', hl7: 'AR', title: 'Caller not known' },
  'login/busy': { dimse: 0x0110, http: 503, fhir: 'throttled', hl7: 'AR', title: 'Too many logins at once: try again' },
  'tls/required': { dimse: 0x0124, http: 401, fhir: 'login', hl7: 'AR', title: 'This system may call over TLS only' },
  'tls/no-certificate': { dimse: 0x0124, http: 401, fhir: 'login', hl7: 'AR', title: 'No certificate was shown' },
  'tls/untrusted': {
    dimse: 0x0124,
    http: 401,
    fhir: 'login',
    hl7: 'AR',
    title: 'Certificate of no authority that is trusted',
  },
  'tls/expired': { dimse: 0x0124, http: 401, fhir: 'login', hl7: 'AR', title: 'Certificate expired, or not valid yet' },
  'tls/revoked': { dimse: 0x0124, http: 401, fhir: 'login', hl7: 'AR', title: 'Certificate revoked' },
  'tls/crl': {
    dimse: 0x0124,
    http: 401,
    fhir: 'login',
    hl7: 'AR',
    title: 'Revocation cannot be judged: no current CRL',
  },
  'tls/wrong-system': {
    dimse: 0x0124,
    http: 401,
    fhir: 'login',
    hl7: 'AR',
    title: 'Certificate is not of this system',
  },
  'tls/handshake': { dimse: 0x0124, http: 401, fhir: 'login', hl7: 'AR', title: 'TLS handshake failed' },
  'request/invalid': { dimse: 0x0115, http: 400, fhir: 'invalid', hl7: 'AE', title: 'Request not understood' },
  'request/unsupported-type': {
    dimse: 0x0122,
    http: 415,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Media type not supported',
  },
  'request/not-found': { dimse: 0x0112, http: 404, fhir: 'not-found', hl7: 'AE', title: 'No such resource' },
  'request/method': { dimse: 0x0211, http: 405, fhir: 'not-supported', hl7: 'AE', title: 'Method not allowed here' },
  'request/timeout': { dimse: 0x0110, http: 408, fhir: 'timeout', hl7: 'AE', title: 'Request took too long to arrive' },
  'request/too-long': { dimse: 0x0115, http: 414, fhir: 'too-long', hl7: 'AE', title: 'Request target too long' },
  'request/too-many': {
    dimse: 0xa700,
    http: 429,
    fhir: 'throttled',
    hl7: 'AR',
    title: 'Too many requests: try again later',
  },
  'request/cancelled': { dimse: 0xfe00, http: 499, fhir: 'transient', hl7: 'AE', title: 'Cancelled by the requester' },
  'ul/bad-pdu': { dimse: 0x0110, http: 400, fhir: 'structure', hl7: 'AE', title: 'Malformed PDU' },
  'ul/aborted': { dimse: 0x0110, http: 499, fhir: 'transient', hl7: 'AE', title: 'Association aborted' },
  'ul/released': { dimse: 0x0110, http: 499, fhir: 'transient', hl7: 'AE', title: 'Association released' },
  'ul/rejected': { dimse: 0x0110, http: 502, fhir: 'transient', hl7: 'AE', title: 'Association rejected' },
  'dimse/bad-command': { dimse: 0x0110, http: 400, fhir: 'structure', hl7: 'AE', title: 'Malformed command set' },
  'dimse/unrecognized': { dimse: 0x0211, http: 400, fhir: 'not-supported', hl7: 'AE', title: 'Unrecognized operation' },
  'dimse/no-context': {
    dimse: 0x0122,
    http: 502,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Peer accepts no such context',
  },
  'dimse/no-such-class': { dimse: 0x0118, http: 400, fhir: 'not-supported', hl7: 'AE', title: 'No such SOP class' },
  'dimse/no-such-instance': { dimse: 0x0112, http: 404, fhir: 'not-found', hl7: 'AE', title: 'No such SOP instance' },
  'dimse/no-such-event': { dimse: 0x0113, http: 400, fhir: 'not-supported', hl7: 'AE', title: 'No such event type' },
  'dimse/no-such-action': { dimse: 0x0123, http: 400, fhir: 'not-supported', hl7: 'AE', title: 'No such action' },
  'dimse/no-address': {
    dimse: 0x0110,
    http: 502,
    fhir: 'not-found',
    hl7: 'AE',
    title: 'Address of the system not known',
  },
  'commitment/too-many': {
    dimse: 0x0213,
    http: 413,
    fhir: 'too-costly',
    hl7: 'AE',
    title: 'More references than the limit',
  },
  'commitment/not-taken': {
    dimse: 0x0110,
    http: 502,
    fhir: 'exception',
    hl7: 'AE',
    title: 'Peer did not take the report',
  },
  'commitment/unknown': { dimse: 0x0115, http: 404, fhir: 'not-found', hl7: 'AE', title: 'Transaction UID not known' },
  'audit/undelivered': {
    dimse: 0x0110,
    http: 502,
    fhir: 'transient',
    hl7: 'AR',
    title: 'Receiver did not take the audit messages',
  },
  'config/invalid': { dimse: 0x0110, http: 500, fhir: 'exception', hl7: 'AR', title: 'Configuration not valid' },
  'database/unavailable': { dimse: 0xa700, http: 503, fhir: 'transient', hl7: 'AR', title: 'Index not reachable now' },
  'model/onnx-malformed': { dimse: 0x0110, http: 422, fhir: 'structure', hl7: 'AE', title: 'Not a sound ONNX file' },
  'model/opset': { dimse: 0x0110, http: 422, fhir: 'not-supported', hl7: 'AE', title: 'ONNX version not run here' },
  'model/operator': { dimse: 0x0110, http: 422, fhir: 'not-supported', hl7: 'AE', title: 'Operator not allowed' },
  'model/external-data': {
    dimse: 0x0110,
    http: 422,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Weights outside of the model file',
  },
  'model/tensor': { dimse: 0x0110, http: 422, fhir: 'value', hl7: 'AE', title: 'Tensor not as it must be' },
  'model/limit': { dimse: 0x0110, http: 413, fhir: 'too-costly', hl7: 'AE', title: 'Model exceeds a named limit' },
  'model/manifest': { dimse: 0x0110, http: 422, fhir: 'structure', hl7: 'AE', title: 'Manifest not as it must be' },
  'model/document': { dimse: 0x0110, http: 422, fhir: 'required', hl7: 'AE', title: 'A document of the package fails' },
  'model/executable': {
    dimse: 0x0110,
    http: 422,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Package holds something that could be executed',
  },
  'model/path': {
    dimse: 0x0110,
    http: 422,
    fhir: 'value',
    hl7: 'AE',
    title: 'Name of a file not allowed in a package',
  },
  'model/digest': { dimse: 0x0110, http: 422, fhir: 'conflict', hl7: 'AE', title: 'Bytes are not the ones signed for' },
  'model/signature': { dimse: 0x0110, http: 422, fhir: 'security', hl7: 'AE', title: 'Signature missing or not valid' },
  'model/not-applicable': {
    dimse: 0x0110,
    http: 422,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Images are outside of what the model is for',
  },
  'model/operation': { dimse: 0x0110, http: 422, fhir: 'value', hl7: 'AE', title: 'Preprocessing not possible' },
  'model/refused': { dimse: 0x0110, http: 422, fhir: 'business-rule', hl7: 'AE', title: 'Model package refused' },
  'model/version': { dimse: 0x0110, http: 409, fhir: 'conflict', hl7: 'AE', title: 'Version has other bytes already' },
  'model/golden': { dimse: 0x0110, http: 422, fhir: 'conflict', hl7: 'AE', title: 'Golden case not reproduced' },
  'model/silent': {
    dimse: 0x0124,
    http: 403,
    fhir: 'forbidden',
    hl7: 'AR',
    title: 'Result of a silent model: it goes nowhere',
  },
  'model/no-silent-store': {
    dimse: 0x0110,
    http: 503,
    fhir: 'exception',
    hl7: 'AR',
    title: 'No place for silent results here',
  },
  'governance/forbidden': {
    dimse: 0x0124,
    http: 403,
    fhir: 'forbidden',
    hl7: 'AR',
    title: 'Not who may sign or ask for this step',
  },
  'governance/refused': {
    dimse: 0x0110,
    http: 409,
    fhir: 'business-rule',
    hl7: 'AE',
    title: 'The life-cycle of models does not allow this',
  },
  'governance/unavailable': {
    dimse: 0x0110,
    http: 409,
    fhir: 'not-supported',
    hl7: 'AE',
    title: 'Evidence that cannot be produced here yet',
  },
  'incident/state': {
    dimse: 0x0110,
    http: 409,
    fhir: 'conflict',
    hl7: 'AE',
    title: 'Incident stands elsewhere by now',
  },
  'model/no-sandbox': {
    dimse: 0x0110,
    http: 503,
    fhir: 'exception',
    hl7: 'AR',
    title: 'No namespace without network: inference refused',
  },
  'model/time': { dimse: 0x0110, http: 503, fhir: 'timeout', hl7: 'AR', title: 'Inference took too long' },
  'model/memory': { dimse: 0x0110, http: 503, fhir: 'too-costly', hl7: 'AR', title: 'Inference took too much memory' },
  'model/failed': { dimse: 0x0110, http: 500, fhir: 'exception', hl7: 'AR', title: 'Inference failed' },
  'model/busy': { dimse: 0x0110, http: 503, fhir: 'transient', hl7: 'AR', title: 'Too many inferences wait' },
  internal: { dimse: 0x0110, http: 500, fhir: 'exception', hl7: 'AR', title: 'Processing failure' },
} as const satisfies Record<string, WireRow>;

export type FailureCode = keyof typeof FAILURES;

/** An expected failure: its code is a row of FAILURES, which says how every wire reports it. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly detail: string;
  /** Ids of the rules that were broken, for whoever asked: constants of the code, never what somebody sent. */
  readonly rules: readonly string[];

  /** @param detail for the operator's log only; never sent to a peer; without patient data. */
  constructor(code: FailureCode, detail: string, options: ErrorOptions & { rules?: readonly string[] } = {}) {
    super(`${code}: ${detail}`, options);
    this.code = code;
    this.detail = detail;
    this.rules = options.rules ?? [];
  }
}

/** Called once, at each protocol edge. What we did not foresee becomes `internal`, text withheld. */
export function toFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : new Failure('internal', originOf(thrown), { cause: thrown });
}

/** Enough to find the place. */
const FRAMES_MAX = 8;
const CODE = /^[A-Z0-9_]{1,40}$/;

/** Of the system's own errors the text; of others what they are and where: their text may quote a patient's data. */
function originOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  if ('syscall' in thrown) return String(thrown);
  const code = 'code' in thrown && CODE.test(String(thrown.code)) ? ` ${String(thrown.code)}` : '';
  const frames = (thrown.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [`${thrown.name}${code}`, ...frames.slice(0, FRAMES_MAX).map((line) => line.trim())].join(' | ');
}
