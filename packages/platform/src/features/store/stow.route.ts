import { parseContentType } from '@acervo/interop/dicomweb/media-type.ts';
import { type FailedInstance, type StoredInstance, storeResponse } from '@acervo/interop/dicomweb/stow.ts';
import { FAILURES, Failure, toFailure } from '@acervo/kernel/failure.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest, type Route } from '../../bindings/http.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { actingFor, DICOM_WEB_ROOTS } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import { STORED_WITH_WARNING } from './store.cstore.ts';
import { storeObject } from './store-object.ts';

/** Store Instances (PS3.18 10.5): multipart/related of DICOM files, or one file as it is. */
export function stowRoutes(holdings: Holdings): Route[] {
  return DICOM_WEB_ROOTS.flatMap((root) =>
    ['/studies', '/studies/:study'].map(
      (path): Route => ({
        method: 'POST',
        path: root + path,
        summary: path === '/studies' ? 'Store instances' : 'Store instances of one study',
        consumes: ['multipart/related; type="application/dicom"', 'application/dicom'],
        produces: ['application/dicom+json'],
        handle: (request, op) => stow(holdings, request, op),
      }),
    ),
  );
}

const OUT_OF_SPACE = FAILURES['store/out-of-space'].dimse;

/** Parts whose commit is awaited while the next one is read: they share a group. */
const PARTS_AHEAD_MAX = 16;

type Results = { stored: StoredInstance[]; failed: FailedInstance[]; others: number[] };

async function stow(holdings: Holdings, request: HttpRequest, op: Op): Promise<HttpAnswer> {
  const { institution, study } = request.params;
  const acting: Op = { ...(institution === undefined ? op : actingFor(op, institution)), door: 'stow' };
  const results: Results = { stored: [], failed: [], others: [] };
  const studies = new Set<string>();
  const underWay = new Set<Promise<void>>();
  for await (const body of bodiesOf(request)) {
    const part = watched(body);
    const done = storePart(
      holdings,
      acting,
      part.body,
      study,
      (uids) => {
        studies.add(uids.study);
        return `${studyUrl(request, institution, uids.study)}/series/${uids.series}/instances/${uids.sop}`;
      },
      results,
    ).finally(() => underWay.delete(done));
    underWay.add(done);
    await Promise.race([part.taken, done]);
    if (underWay.size >= PARTS_AHEAD_MAX) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  refuseWhenFull(results);
  const [only, ...more] = studies;
  const url = study ?? (more.length === 0 ? only : undefined);
  const { status, document } = storeResponse({
    ...results,
    ...(url !== undefined && { studyRetrieveUrl: studyUrl(request, institution, url) }),
  });
  return { status, headers: { 'content-type': 'application/dicom+json' }, body: JSON.stringify(document) };
}

/** When nothing was stored for want of space the request as a whole says so: 507, and the sender waits. */
function refuseWhenFull({ stored, failed, others }: Results): void {
  const reasons = [...failed.map(({ failureReason }) => failureReason), ...others];
  const isFull = stored.length === 0 && reasons.length > 0 && reasons.every((reason) => reason === OUT_OF_SPACE);
  if (isFull) throw new Failure('store/out-of-space', `${reasons.length} instances refused`);
}

async function storePart(
  holdings: Holdings,
  op: Op,
  body: AsyncIterable<Uint8Array>,
  study: string | undefined,
  urlOf: (uids: { study: string; series: string; sop: string }) => string,
  results: Results,
): Promise<void> {
  const seen: { uids?: { sopClass: string; sop: string } } = {};
  try {
    const receipt = await storeObject(holdings, op, {
      form: 'file',
      body,
      ...(study !== undefined && { onlyStudy: study }),
      identified: (uids) => {
        seen.uids = uids;
      },
    });
    results.stored.push({
      sopClassUid: receipt.uids.sopClass,
      sopInstanceUid: receipt.uids.sop,
      retrieveUrl: urlOf(receipt.uids),
      ...(receipt.kind === 'version' && { warningReason: STORED_WITH_WARNING }),
    });
  } catch (thrown) {
    const failure = toFailure(thrown);
    // A body that breaks off, a lost outcome, a caller who may not: these end the request, not a part of it.
    if (/^(request|ul|access)\//.test(failure.code) || failure.code === 'store/answer-lost') throw failure;
    const reason = FAILURES[failure.code].dimse;
    if (seen.uids === undefined) results.others.push(reason);
    else results.failed.push({ sopClassUid: seen.uids.sopClass, sopInstanceUid: seen.uids.sop, failureReason: reason });
  }
}

/** The files of the request, each to be read before the next one is asked for. */
async function* bodiesOf(request: HttpRequest): AsyncGenerator<AsyncIterable<Uint8Array>> {
  const type = parseContentType(request.headers['content-type'] ?? '');
  if (type?.mediaType === 'application/dicom') {
    yield request.body;
    return;
  }
  const boundary = type?.parameters['boundary'];
  if (type?.mediaType !== 'multipart/related')
    throw new Failure('request/unsupported-type', 'neither multipart nor DICOM');
  if (boundary === undefined) throw new Failure('request/invalid', 'multipart/related without a boundary');
  const contained = type.parameters['type'] ?? 'application/dicom';
  if (contained.toLowerCase() !== 'application/dicom') {
    throw new Failure('request/unsupported-type', `multipart of ${contained}`);
  }
  for await (const part of request.parts(boundary)) yield part.body;
}

/** A body that says when it has been read to its end. */
function watched(body: AsyncIterable<Uint8Array>): { body: AsyncIterable<Uint8Array>; taken: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  async function* reading(): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } finally {
      resolve();
    }
  }
  return { body: reading(), taken: promise };
}

function studyUrl(request: HttpRequest, institution: string | undefined, study: string): string {
  const root = institution === undefined ? '/dicom-web' : `/dicom-web/i/${institution}`;
  return `${baseUrlOf(request)}${root}/studies/${study}`;
}
