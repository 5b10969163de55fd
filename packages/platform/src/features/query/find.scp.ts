import { deflateRawSync } from 'node:zlib';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import { C_FIND_RQ } from '@acervo/dicom/dimse/command.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { FAILURES, Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { DimseRequest, DimseResponse, DimseService } from '../../bindings/dimse.ts';
import { viewOf } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import { someInstitutions } from '../../ports/view.ts';
import { type EachMatch, everyMatch } from './every-match.ts';
import { agreeOnOptions, findModel, findOptions } from './find-models.ts';
import { type Identifier, Mismatch, readIdentifier } from './identifier.ts';
import { type PatientCounts, patientCounts } from './patients.repo.ts';
import { type Answering, needsHeader, responseIdentifier } from './response-identifier.ts';
import type { Ports } from './search.ts';

/** Statuses of a C-FIND response (PS3.4 table C.4-1). */
export const FIND_STATUS = {
  success: 0x0000,
  pending: 0xff00,
  /** A key was not supported for existence or matching. */
  pendingPartly: 0xff01,
  cancelled: 0xfe00,
  outOfResources: 0xa700,
  mismatch: 0xa900,
  unableToProcess: 0xc001,
} as const;

/** Longest Identifier of a request, in bytes; a list of 1,000 UIDs has 65,000. */
export const IDENTIFIER_BYTES_MAX = 1 << 20;

/** @property findMatchesMax  matches that one request is answered with */
export type FindPorts = Ports & { findMatchesMax: number };

/** Query/Retrieve Service Class, C-FIND SCP (PS3.4 C.4.1): the search of QIDO-RS, asked by DIMSE. */
export function cFind(ports: FindPorts): DimseService {
  return {
    commandField: C_FIND_RQ,
    accepts: (abstractSyntax) => findModel(abstractSyntax) !== undefined,
    agree: agreeOnOptions,
    serve: (request, op) => find(ports, request, op),
  };
}

async function* find(ports: FindPorts, request: DimseRequest, op: Op): AsyncGenerator<DimseResponse, undefined> {
  try {
    yield* matches(ports, request, op);
  } catch (thrown) {
    yield failed(thrown, op);
  }
}

async function* matches(ports: FindPorts, request: DimseRequest, op: Op): AsyncGenerator<DimseResponse, undefined> {
  const { cancelled, context, calledAet } = request;
  const syntax = findTransferSyntax(context.transferSyntax);
  const model = findModel(context.abstractSyntax);
  if (syntax === undefined || model === undefined) throw new Failure('dimse/unrecognized', 'a context of no model');
  const identifier = readIdentifier(
    await requestIdentifier(request, syntax),
    model,
    findOptions(request.extended),
    op.charsetDefault,
  );
  const answering: Answering = { identifier, aeTitle: calledAet, withIssuer: needsIssuer(identifier, op), syntax };
  const status = identifier.isPartly ? FIND_STATUS.pendingPartly : FIND_STATUS.pending;
  let answered = 0;
  for await (const some of everyMatch(ports, op, eachOf(identifier))) {
    const patients = await patientsOf(ports, op, identifier, some);
    for (const match of some) {
      if (cancelled.aborted) return yield { status: FIND_STATUS.cancelled };
      if (answered === ports.findMatchesMax) return yield beyond(answered);
      answered += 1;
      const dataSet = responseIdentifier(answering, match, patients.get(match.row.studyKey));
      yield { status, dataSet: syntax.deflated ? deflated(dataSet) : dataSet };
    }
    if (cancelled.aborted) return yield { status: FIND_STATUS.cancelled };
  }
  yield { status: FIND_STATUS.success };
}

/** Nothing is left out silently: whoever asked hears that there is more. */
const beyond = (answered: number): DimseResponse => ({
  status: FIND_STATUS.outOfResources,
  errorComment: `More than ${answered} matches: narrow the query`,
});

/** @throws {Failure} parse/truncated, parse/malformed, parse/limit; {Mismatch} */
async function requestIdentifier({ dataSet: chunks }: DimseRequest, syntax: TransferSyntax): Promise<DataSet> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of syntax.deflated ? inflate(chunks) : chunks) {
    length += chunk.length;
    if (length > IDENTIFIER_BYTES_MAX)
      throw new Failure('parse/limit', `identifier over ${IDENTIFIER_BYTES_MAX} bytes`);
    // What is inflated is overwritten by what comes next.
    parts.push(syntax.deflated ? new Uint8Array(chunk) : chunk);
  }
  if (length === 0) throw new Mismatch([T.QueryRetrieveLevel], 'Identifier is missing');
  const { dataSet, marks } = readDataSet(concat(parts), { syntax });
  if (marks.has('truncated')) throw new Failure('parse/truncated', 'identifier');
  if (marks.has('garbage')) throw new Failure('parse/malformed', 'identifier');
  // Which of the two was meant nobody knows, and one would be ignored.
  if (marks.has('duplicate')) throw new Failure('parse/malformed', 'an attribute comes twice');
  return dataSet;
}

function deflated(dataSet: Uint8Array): Uint8Array {
  const bytes = deflateRawSync(dataSet);
  return bytes.length % 2 === 0 ? bytes : concat([bytes, new Uint8Array(1)]);
}

/**
 * DEVIATION: PS3.4 C.4.1.1.3.2 has only what was asked for in a response. Who sees several institutions is told whose
 * a Patient ID is all the same: two patients of one number must not look like one (architecture decision 8).
 */
function needsIssuer({ requested }: Identifier, op: Op): boolean {
  return someInstitutions(viewOf(op, 'query'))?.length !== 1 && requested.some(({ tag }) => tag === T.PatientID);
}

function eachOf(identifier: Identifier) {
  const { query, path, level } = identifier;
  const named = { PATIENT: 'patient', STUDY: 'study', SERIES: 'series', IMAGE: 'instance' }[level];
  const each = { query, path, level: named, withHeaders: needsHeader(identifier) };
  return level === 'PATIENT' ? { ...each, isWanted: firstOfPatient() } : each;
}

/** Newest study first: of each patient one, as many as are answered. Without Patient ID the name has to tell them. */
function firstOfPatient(): (row: EachMatch['row']) => boolean {
  const seen = new Set<string>();
  return ({ issuer, institution, study }) => {
    const [id, name, birth] = ['00100020', '00100010', '00100030'].map((tag) => study[tag]?.Value?.[0] ?? '');
    const patient = JSON.stringify(id === '' ? [institution, name, birth] : [issuer, id]);
    return seen.size < seen.add(patient).size;
  };
}

async function patientsOf(
  ports: Ports,
  op: Op,
  { requested }: Identifier,
  some: readonly EachMatch[],
): Promise<ReadonlyMap<string, PatientCounts>> {
  if (!requested.some(({ tag }) => PATIENT_COUNTS.has(tag))) return new Map();
  const keys = [...new Set(some.map(({ row }) => row.studyKey))];
  return patientCounts(ports.db, viewOf(op, 'query'), keys);
}

const PATIENT_COUNTS: ReadonlySet<number> = new Set([
  T.NumberOfPatientRelatedStudies,
  T.NumberOfPatientRelatedSeries,
  T.NumberOfPatientRelatedInstances,
]);

/** Every end that is none of PS3.4 table C.4-1 is said as one that is, but for those of PS3.7 annex C.5. */
function failed(thrown: unknown, op: Op): DimseResponse {
  if (thrown instanceof Mismatch) {
    op.log.warn('find.mismatch', { op: op.id, elements: thrown.tags.length, reason: thrown.message });
    return {
      status: FIND_STATUS.mismatch,
      errorComment: thrown.message,
      fields: { offendingElement: [...thrown.tags] },
    };
  }
  const failure = toFailure(thrown);
  const { dimse, title } = FAILURES[failure.code];
  const isOfFind = [0xa7, 0xa9, 0xfe].includes(dimse >> 8) || dimse >> 12 === 0xc || STANDARD.has(dimse);
  if (isOfFind) throw failure;
  op.log.error('find.failed', { op: op.id, code: failure.code, detail: failure.detail });
  return { status: FIND_STATUS.unableToProcess, errorComment: title };
}

/** SOP Class not supported; not authorized. */
const STANDARD: ReadonlySet<number> = new Set([0x0122, 0x0124]);
