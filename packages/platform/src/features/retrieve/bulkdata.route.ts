import { textOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { parseTag } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { VRS } from '@acervo/dicom/vr.ts';
import { bulkdataOffers, contentTypeOf, type Offer } from '@acervo/interop/dicomweb/representation.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest } from '../../bindings/http.ts';
import { chosen, etagOf } from '../../bindings/representation.ts';
import type { Target } from '../../bindings/target.ts';
import { type HeldInstance, type HeldSeries, type HeldStudy, listInstances } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { bulkDataPath, instanceUrl, listBulkValues } from '../../holdings/instance-json.ts';
import { cut, type StoredDataSet, storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Op } from '../../ports/op.ts';
import { multiPart, multiPartStream, type Payload, singlePart } from './answer.ts';
import { FRAME_TAGS, type FrameIndexes, framePayload, littleEndian } from './frame-payload.ts';
import { framesAnswer } from './frames.route.ts';
import { seriesOf } from './instances.route.ts';

const OCTETS = 'application/octet-stream';
/** Values that choose how others are served are shorter; everything else is read where it lies. */
const VALUE_BYTES_MAX = 1024;
/** Steps of a BulkDataURI's path: as deep as sequences are read. */
const STEPS_MAX = 129;

/**
 * Types of encapsulated documents that a browser may be told. Others, CDA among them, go out as octets: what
 * a sender declares must not make a browser run what it sent.
 */
const DOCUMENT_TYPES: ReadonlySet<string> = new Set(['application/pdf', 'model/stl', 'model/obj', 'model/mtl']);

/**
 * Retrieve one bulk data value (PS3.18 10.4.1.1.5): what a BulkDataURI of our metadata leads to, in little
 * endian. Compressed pixel data are one part for each frame.
 */
export async function retrieveBulkValue(
  holdings: Holdings,
  indexes: FrameIndexes,
  target: Target<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const { held, institution } = target;
  const path = parsePath(request.params['*'] ?? '');
  const stored = storedDataSet(holdings.files, held);
  const { dataSet } = await stored.read({ keep: keepAlong(path), valueBytesMax: VALUE_BYTES_MAX });
  const found = valueAt(dataSet, path);
  if (found === undefined) throw new Failure('retrieve/not-found', `no bulk data at ${bulkDataPath(path)}`);
  if (isFramed(found.element, path)) {
    const index = await indexes.of(held);
    return framesAnswer(
      holdings,
      index,
      target,
      Array.from({ length: index.frameCount }, (_, at) => at + 1),
      request,
      op,
    );
  }
  const offer = chosen(request, bulkdataOffers('multipart-or-single', documentType(dataSet, path)));
  const contentType = contentTypeOf(offer);
  const location = `${instanceUrl(baseUrlOf(request), institution, held)}/bulkdata/${bulkDataPath(path)}`;
  const payload = { ...valuePayload(stored, found, contentType), location };
  const etag = etagOf('bulkdata', held.digest, held.transferSyntaxUid, contentType, location);
  return offer.multipart
    ? multiPart(request, offer.mediaType, [payload], etag)
    : singlePart(request, op, payload, etag);
}

/** All bulk data of an instance, series or study: octets, each part with the address of its value or frame. */
export async function retrieveBulkData(
  holdings: Holdings,
  indexes: FrameIndexes,
  target: Target<HeldStudy | HeldSeries | HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const offer: Offer = { mediaType: OCTETS, multipart: true, isDefault: true };
  chosen(request, [offer]);
  return multiPartStream(OCTETS, allPayloads(holdings, indexes, target, baseUrlOf(request), op), 200);
}

async function* allPayloads(
  holdings: Holdings,
  indexes: FrameIndexes,
  { held, institution }: Target<HeldStudy | HeldSeries | HeldInstance>,
  base: string,
  op: Op,
): AsyncGenerator<Payload> {
  let isEmpty = true;
  for await (const instance of instancesOf(holdings, held)) {
    op.signal.throwIfAborted();
    for await (const payload of payloadsOf(holdings, indexes, instance, instanceUrl(base, institution, instance))) {
      isEmpty = false;
      yield payload;
    }
  }
  // Thrown before the first byte, so it becomes 404: a multipart body has at least one part (RFC 2046 5.1.1).
  if (isEmpty) throw new Failure('retrieve/not-found', 'no bulk data');
}

async function* instancesOf(
  { db }: Holdings,
  held: HeldStudy | HeldSeries | HeldInstance,
): AsyncGenerator<HeldInstance> {
  if ('sopUid' in held) {
    yield held;
    return;
  }
  for (const series of await seriesOf(db, held)) yield* await listInstances(db, series);
}

async function* payloadsOf(
  holdings: Holdings,
  indexes: FrameIndexes,
  instance: HeldInstance,
  url: string,
): AsyncGenerator<Payload> {
  const stored = storedDataSet(holdings.files, instance);
  const { dataSet, paths } = await listBulkValues(holdings, instance);
  for (const path of paths) {
    const found = valueAt(dataSet, path);
    if (found === undefined) continue;
    if (isFramed(found.element, path)) {
      const index = await indexes.of(instance);
      const contentType = `${OCTETS}; transfer-syntax=${instance.transferSyntaxUid}`;
      for (let number = 1; number <= index.frameCount; number++) {
        yield { ...framePayload(stored, index, number, contentType), location: `${url}/frames/${number}` };
      }
    } else {
      const contentType = `${OCTETS}; transfer-syntax=${EXPLICIT_LE}`;
      yield { ...valuePayload(stored, found, contentType), location: `${url}/bulkdata/${bulkDataPath(path)}` };
    }
  }
}

/** @throws {Failure} request/invalid */
export function parsePath(text: string): number[] {
  const path = text
    .split('/')
    .map((step, index) => (index % 2 === 0 ? parseTag(step) : /^\d{1,7}$/.test(step) ? Number(step) : undefined));
  const steps = path.filter((step) => step !== undefined);
  if (steps.length === path.length && path.length % 2 === 1 && path.length <= STEPS_MAX) return steps;
  throw new Failure('request/invalid', 'no path of tags and item numbers');
}

/** The elements that lead to a value, and at the top those that say how it is to be served. */
function keepAlong(
  path: readonly number[],
): (tag: number, vr: string, length: number | undefined, depth: number) => boolean {
  return (tag, _vr, _length, depth) =>
    tag === path[2 * depth] || (depth === 0 && (tag === T.MIMETypeOfEncapsulatedDocument || FRAME_TAGS.has(tag)));
}

type Found = { element: Element; littleEndian: boolean };

/** The value at a path; undefined where there is none, or a sequence, which has no bytes of its own. */
function valueAt(dataSet: DataSet, path: readonly number[]): Found | undefined {
  let within: DataSet | undefined = dataSet;
  for (let at = 0; at + 1 < path.length; at += 2) {
    within = within?.elements.get(path[at] as number)?.items?.[path[at + 1] as number];
  }
  const element = within?.elements.get(path[path.length - 1] as number);
  if (within === undefined || element === undefined || element.items !== undefined) return undefined;
  return { element, littleEndian: within.littleEndian };
}

/** Compressed pixels of the image itself, not of an icon in a sequence. */
const isFramed = ({ fragments }: Element, path: readonly number[]): boolean =>
  fragments !== undefined && path.length === 1 && path[0] === T.PixelData;

function valuePayload(stored: StoredDataSet, { element, littleEndian: isLittle }: Found, contentType: string): Payload {
  const { fragments, vr, offset } = element;
  if (fragments !== undefined) return fragmentsPayload(stored, fragments.slice(1), contentType);
  // An object that was cut has a last value that claims more than there is: what is there is served.
  const length = Math.max(0, Math.min(element.length ?? 0, stored.source.length - offset));
  const unitBytes = isLittle ? 1 : VRS[vr].swapBytes;
  return { contentType, length, ...littleEndian(stored, { offset, length }, unitBytes) };
}

/** A compressed icon: the bytes of its fragments, without the offset table. */
function fragmentsPayload(
  stored: StoredDataSet,
  fragments: readonly { offset: number; length: number }[],
  contentType: string,
): Payload {
  const length = fragments.reduce((sum, fragment) => sum + fragment.length, 0);
  async function* whole(): AsyncGenerator<Uint8Array> {
    for (const fragment of fragments) yield* stored.stream(fragment.offset, fragment.length);
  }
  return { contentType, length, stream: (offset = 0, wanted = length) => cut(whole(), offset, wanted) };
}

/** The type of an encapsulated document (PS3.3 C.24.2), if that is what is asked and may be told. */
function documentType(dataSet: DataSet, path: readonly number[]): string | undefined {
  if (path.length !== 1 || path[0] !== T.EncapsulatedDocument) return undefined;
  const type = textOf(dataSet.elements.get(T.MIMETypeOfEncapsulatedDocument)).toLowerCase();
  return DOCUMENT_TYPES.has(type) ? type : undefined;
}
