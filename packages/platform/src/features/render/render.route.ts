import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import { locate, readingOf, type Target } from '../../bindings/target.ts';
import type { HeldInstance, HeldSeries, HeldStudy } from '../../holdings/find.repo.ts';
import { type Find, findersOf } from '../../holdings/finders.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { DICOM_WEB_ROOTS } from '../../holdings/scope.ts';
import type { Op } from '../../ports/op.ts';
import { RENDERING_QUERY } from './parameters.ts';
import { PICTURE_TYPES } from './pictures.ts';
import type { Renderer } from './render.ts';
import { instanceThumbnail, renderedFrames, renderedInstance, renderedObjects, thumbnail } from './rendered.ts';

type Answer<T> = (target: Target<T>, request: HttpRequest, op: Op) => Promise<HttpAnswer>;

const STUDY = '/studies/:study';
const SERIES = `${STUDY}/series/:series`;
const INSTANCE = `${SERIES}/instances/:instance`;
const FRAMES = `${INSTANCE}/frames/:frames`;

const MULTIPART = PICTURE_TYPES.map((type) => `multipart/related; type="${type}"`);
const THUMBNAIL_QUERY = RENDERING_QUERY.filter(({ name }) => name !== 'window');

/** Rendered resources and thumbnails of the Studies Service (PS3.18 10.4), under every root. */
export function renderRoutes(holdings: Holdings, renderer: Renderer): Route[] {
  const { db } = holdings;
  const { study, series, instance } = findersOf(holdings);
  const objects: Answer<HeldStudy | HeldSeries> = (...asked) => renderedObjects(renderer, db, ...asked);
  const small: Answer<HeldStudy | HeldSeries> = (...asked) => thumbnail(renderer, db, ...asked);
  const smallOfInstance: Answer<HeldInstance> = (...asked) => instanceThumbnail(renderer, ...asked);

  const on = <T>(path: string, summary: string, produces: readonly string[], find: Find<T>, answer: Answer<T>) =>
    DICOM_WEB_ROOTS.map(
      (root): Route => ({
        method: 'GET',
        path: root + path,
        summary,
        query: path.endsWith('/thumbnail') ? THUMBNAIL_QUERY : RENDERING_QUERY,
        produces,
        handle: (request, op) => render(holdings, find, answer, request, op),
      }),
    );
  return [
    on(`${STUDY}/rendered`, 'Retrieve rendered study', MULTIPART, study, objects),
    on(`${SERIES}/rendered`, 'Retrieve rendered series', MULTIPART, series, objects),
    on(`${INSTANCE}/rendered`, 'Retrieve rendered instance', [...PICTURE_TYPES, ...MULTIPART], instance, (...asked) =>
      renderedInstance(renderer, ...asked),
    ),
    on(`${FRAMES}/rendered`, 'Retrieve rendered frames', [...PICTURE_TYPES, ...MULTIPART], instance, (...asked) =>
      renderedFrames(renderer, ...asked),
    ),
    on(`${STUDY}/thumbnail`, 'Retrieve a thumbnail of a study', PICTURE_TYPES, study, small),
    on(`${SERIES}/thumbnail`, 'Retrieve a thumbnail of a series', PICTURE_TYPES, series, small),
    on(`${INSTANCE}/thumbnail`, 'Retrieve a thumbnail of an instance', PICTURE_TYPES, instance, smallOfInstance),
    on(`${FRAMES}/thumbnail`, 'Retrieve a thumbnail of a frame', PICTURE_TYPES, instance, smallOfInstance),
  ].flat();
}

/** Find, decide, answer, and write down that it was read before the first byte leaves. */
async function render<T>(
  { journal }: Holdings,
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
    await journal.retrieved(op, target.institution, request.params['study'] ?? '', readingOf(request, 'rendered'));
  }
  return answered;
}
