import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { locate, readingOf, type Target } from '../../bindings/target.ts';
import type { HeldInstance, HeldSeries, HeldStudy } from '../../holdings/find.repo.ts';
import { type Find, findersOf } from '../../holdings/finders.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { DICOM_WEB_ROOTS } from '../../holdings/scope.ts';
import { SeriesDocuments } from '../../holdings/series-document.ts';
import type { Op } from '../../ports/op.ts';
import { retrieveBulkData, retrieveBulkValue } from './bulkdata.route.ts';
import { FrameIndexes } from './frame-payload.ts';
import { retrieveFrames } from './frames.route.ts';
import { retrieveInstance, retrieveInstances } from './instances.route.ts';
import { retrieveInstanceMetadata, retrieveMetadata } from './metadata.route.ts';
import { WholeBodies } from './whole-bodies.ts';

type Answer<T> = (target: Target<T>, request: HttpRequest, op: Op) => Promise<HttpAnswer>;

/** What of an object is asked: stands in the journal. */
type Aspect = 'objects' | 'metadata' | 'bulkdata' | 'frames';

const DICOM = ['multipart/related; type="application/dicom"'];
const OCTETS = ['multipart/related; type="application/octet-stream"'];
const PIXELS = [...OCTETS, 'application/octet-stream', 'multipart/related; type="image/*"', 'image/*'];
const JSON_TYPES = ['application/dicom+json', 'application/json'];

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;

/** The Retrieve transaction of the Studies Service (PS3.18 10.4), under every root. */
export function retrieveRoutes(holdings: Holdings): Route[] {
  const { study, series, instance } = findersOf(holdings);
  const documents = new SeriesDocuments(holdings);
  const bodies = new WholeBodies();
  const indexes = new FrameIndexes(holdings.files);

  const objects: Answer<HeldStudy | HeldSeries> = (target, request, op) =>
    retrieveInstances(holdings, target, request, op);
  const metadata: Answer<HeldStudy | HeldSeries> = (target, request, op) =>
    retrieveMetadata(holdings, documents, bodies, target, request, op);
  const bulkdata: Answer<HeldStudy | HeldSeries | HeldInstance> = (target, request, op) =>
    retrieveBulkData(holdings, indexes, target, request, op);

  const on = <T>(path: string, aspect: Aspect, summary: string, produces: string[], find: Find<T>, answer: Answer<T>) =>
    DICOM_WEB_ROOTS.map(
      (root): Route => ({
        method: 'GET',
        path: root + path,
        summary,
        produces,
        handle: (request, op) => retrieve(holdings, aspect, find, answer, request, op),
      }),
    );
  return [
    on(STUDY, 'objects', 'Retrieve study', DICOM, study, objects),
    on(`${STUDY}/metadata`, 'metadata', 'Retrieve metadata of a study', JSON_TYPES, study, metadata),
    on(`${STUDY}/bulkdata`, 'bulkdata', 'Retrieve bulk data of a study', OCTETS, study, bulkdata),
    on(SERIES, 'objects', 'Retrieve series', DICOM, series, objects),
    on(`${SERIES}/metadata`, 'metadata', 'Retrieve metadata of a series', JSON_TYPES, series, metadata),
    on(`${SERIES}/bulkdata`, 'bulkdata', 'Retrieve bulk data of a series', OCTETS, series, bulkdata),
    on(INSTANCE, 'objects', 'Retrieve instance', [...DICOM, 'application/dicom'], instance, (target, request, op) =>
      retrieveInstance(holdings, target, request, op),
    ),
    on(
      `${INSTANCE}/metadata`,
      'metadata',
      'Retrieve metadata of an instance',
      JSON_TYPES,
      instance,
      (target, request) => retrieveInstanceMetadata(holdings, target, request),
    ),
    on(`${INSTANCE}/frames/:frames`, 'frames', 'Retrieve frames', PIXELS, instance, (target, request, op) =>
      retrieveFrames(holdings, indexes, target, request, op),
    ),
    on(`${INSTANCE}/bulkdata`, 'bulkdata', 'Retrieve bulk data of an instance', OCTETS, instance, bulkdata),
    on(`${INSTANCE}/bulkdata/*`, 'bulkdata', 'Retrieve a bulk data value', PIXELS, instance, (target, request, op) =>
      retrieveBulkValue(holdings, indexes, target, request, op),
    ),
  ].flat();
}

/** Find, decide, answer, and write down that it was read before the first byte leaves. */
async function retrieve<T>(
  { journal }: Holdings,
  aspect: Aspect,
  find: Find<T>,
  answer: Answer<T>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const target = await locate(request, op, (uids) => find(op, uids, request.params['institution']));
  if ('status' in target) return target;
  const answered = await answer(target, request, op);
  // The body of the answer is a stream that nobody has pulled yet, or waits in memory.
  if (answered.status < 400) {
    await journal.retrieved(op, target.institution, request.params['study'] ?? '', readingOf(request, aspect));
  }
  return answered;
}
