import { writeFileHead } from '@acervo/dicom/part10.ts';
import { checkedWindow } from '@acervo/dicom/pixel/voi.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import type { QueryParameter } from '@acervo/interop/dicomweb/capabilities.ts';
import { parseMediaTypes } from '@acervo/interop/dicomweb/media-type.ts';
import { chooseRepresentation, type Offer } from '@acervo/interop/dicomweb/representation.ts';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { locate } from '../../bindings/target.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import { type Find, findersOf } from '../../holdings/finders.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { PictureFormat } from '../../ports/imaging.ts';
import type { Op } from '../../ports/op.ts';
import { isSide, qualityOf, type Region, type RenderingParameters, VIEWPORT_SIDE_MAX } from './parameters.ts';
import { PICTURE_TYPES, pictureOffers, singlePicture } from './pictures.ts';
import type { Renderer } from './render.ts';

const DICOM = 'application/dicom';
const PATHS = ['/wado', '/dicom-web/i/:institution/wado'] as const;
const OFFERS: readonly Offer[] = [...pictureOffers('single'), { mediaType: DICOM, multipart: false, isDefault: true }];

/** What documents say of the query (PS3.18 9.1.2). */
const QUERY: readonly QueryParameter[] = [
  { name: 'requestType', description: 'WADO' },
  ...['studyUID', 'seriesUID', 'objectUID', 'contentType', 'transferSyntax', 'frameNumber'].map((name) => ({ name })),
  ...['windowCenter', 'windowWidth', 'imageQuality', 'rows', 'columns', 'region'].map((name) => ({ name })),
];

/** WADO-URI (PS3.18 9): one object by a query, as a picture or as a file. */
export function wadoUriRoutes(holdings: Holdings, renderer: Renderer): Route[] {
  const { instance } = findersOf(holdings);
  return PATHS.map((path) => ({
    method: 'GET',
    path,
    summary: 'Retrieve an object by WADO-URI',
    query: QUERY,
    produces: [...PICTURE_TYPES, DICOM],
    handle: (request, op) => wado(holdings, renderer, instance, request, op),
  }));
}

const invalid = (what: string): never => {
  throw new Failure('request/invalid', what);
};

async function wado(
  holdings: Holdings,
  renderer: Renderer,
  find: Find<HeldInstance>,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const { query } = request;
  if (query.get('requestType') !== 'WADO') invalid('requestType is not WADO');
  // What is not done is refused: an object must not go out with what was to be removed.
  for (const name of ['anonymize', 'presentationUID']) if (query.get(name)) invalid(`${name} is not supported`);
  const params = {
    ...(request.params['institution'] !== undefined && { institution: request.params['institution'] }),
    study: uidOf(query, 'studyUID'),
    series: uidOf(query, 'seriesUID'),
    instance: uidOf(query, 'objectUID'),
  };
  const target = await locate({ ...request, params }, op, (uids) => find(op, uids, request.params['institution']));
  if ('status' in target) return target;
  const answered = await answer(holdings, renderer, target.held, request, op);
  const facts = { level: 'instance', aspect: 'wado-uri', series: params.series, instance: params.instance };
  if (answered.status < 400) await holdings.journal.retrieved(op, target.institution, params.study, facts);
  return answered;
}

function uidOf(query: URLSearchParams, name: string): string {
  const uid = query.get(name) ?? '';
  return isValidUid(uid) ? uid : invalid(`${name} is no UID`);
}

/** PS3.18 9.1.2.1.4: what is no image, and is not asked for as one, goes out as the object it is. */
async function answer(
  holdings: Holdings,
  renderer: Renderer,
  instance: HeldInstance,
  request: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const contentType = request.query.get('contentType') ?? '';
  const offer = chooseRepresentation(parseMediaTypes(contentType || request.headers['accept']), OFFERS);
  if (offer === undefined) throw new Failure('retrieve/not-acceptable', 'no such contentType');
  if (offer.mediaType === DICOM) return file(holdings, instance, request, op);
  const format = offer.mediaType.slice('image/'.length) as PictureFormat;
  try {
    const { parameters, frame } = await pictureOf(renderer, instance, request.query);
    return await singlePicture(renderer, { instance, frame, format, parameters }, request, op);
  } catch (thrown) {
    if (contentType !== '' || toFailure(thrown).code !== 'pixel/no-image') throw thrown;
    return file(holdings, instance, request, op);
  }
}

/** PS3.18 9.1.2.2: Explicit VR Little Endian unless another transfer syntax is named that can be made. */
async function file(holdings: Holdings, instance: HeldInstance, request: HttpRequest, op: Op): Promise<HttpAnswer> {
  const { transferSyntaxUid: stored, segment, fileAt, fileBytes } = instance;
  const wanted = request.query.get('transferSyntax') || EXPLICIT_LE;
  const headers = (uid: string): Record<string, string> => ({ 'content-type': `${DICOM}; transfer-syntax=${uid}` });
  if (wanted !== stored && holdings.transcoder.canTranscode(stored, wanted)) {
    const pieces = holdings.transcoder.transcode(storedDataSet(holdings.files, instance), stored, wanted, op.signal);
    const body = withHead(instance, wanted, pieces);
    return { status: 200, headers: headers(wanted), body };
  }
  const body = holdings.files.stream(segment, fileAt, fileBytes);
  return { status: 200, headers: { ...headers(stored), 'content-length': `${fileBytes}` }, body };
}

async function* withHead(
  { sopClassUid, sopUid }: HeldInstance,
  transferSyntaxUid: string,
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of pieces) {
    // What fails before the first piece is still a problem document, so nothing goes before it.
    if (isFirst) yield writeFileHead({ sopClassUid, sopInstanceUid: sopUid, transferSyntaxUid });
    isFirst = false;
    yield piece;
  }
}

/** The parameters of a picture (PS3.18 9.1.2.1), in the words of the Studies Service. */
async function pictureOf(
  { images }: Renderer,
  instance: HeldInstance,
  query: URLSearchParams,
): Promise<{ parameters: RenderingParameters; frame: number }> {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === '') return undefined;
    return /^-?\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : invalid(`${name} is no number`);
  };
  const [center, width] = [number('windowCenter'), number('windowWidth')];
  if ((center === undefined) !== (width === undefined)) invalid('windowCenter and windowWidth go together');
  const window =
    center === undefined || width === undefined ? undefined : checkedWindow({ center, width, function: 'LINEAR' });
  const [rows, columns] = [number('rows'), number('columns')];
  if ([rows, columns].some((side) => side !== undefined && !isSide(side))) invalid('rows or columns');
  const fit =
    rows === undefined && columns === undefined
      ? undefined
      : { width: columns ?? VIEWPORT_SIDE_MAX, height: rows ?? VIEWPORT_SIDE_MAX };
  const { description } = await images.of(instance);
  const parameters: RenderingParameters = {
    window,
    fit,
    region: regionOf(query.get('region'), description),
    quality: qualityOf(query.get('imageQuality')),
    annotation: [],
  };
  return { parameters, frame: number('frameNumber') ?? 1 };
}

/** Left, top, right and bottom as parts of the image, from 0 to 1. */
function regionOf(text: string | null, { rows, columns }: { rows: number; columns: number }): Region | undefined {
  if (text === null || text === '') return undefined;
  const [left = -1, top = -1, right = -1, bottom = -1, ...others] = text.split(',').map(Number);
  const isWithin = left >= 0 && top >= 0 && right <= 1 && bottom <= 1 && left < right && top < bottom;
  if (!isWithin || others.length > 0) invalid('region: left,top,right,bottom from 0 to 1');
  const [x, y] = [Math.floor(left * columns), Math.floor(top * rows)];
  return {
    x,
    y,
    width: Math.max(1, Math.round(right * columns) - x),
    height: Math.max(1, Math.round(bottom * rows) - y),
  };
}
