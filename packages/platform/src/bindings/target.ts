import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Op } from '../ports/op.ts';
import { baseUrlOf, type HttpAnswer, type HttpRequest, problemOf } from './http.ts';

/** What one of the institutions that hold a study has of what was asked for: perhaps nothing. */
export type Found<T> = { institution: string; held: T | undefined };

/** What a path names and the caller may see. */
export type Target<T> = { institution: string; held: T };

/** The UIDs of a path, as far as it names them. */
export type Uids = { study: string; series: string; sop: string };

/** @throws {Failure} request/invalid */
function uidsOf({ params }: HttpRequest): Uids {
  const uid = (name: string): string => {
    const text = params[name] ?? '';
    if (text !== '' && !isValidUid(text)) throw new Failure('request/invalid', `${name}: no UID (PS3.5 9.1)`);
    return text;
  };
  return { study: uid('study'), series: uid('series'), sop: uid('instance') };
}

/**
 * The one object that a path names, of what `find` found and the caller may read. Where the path leaves the
 * institution open and several that the caller sees hold the study, the answer is the choice between them.
 * @throws {Failure} request/invalid; retrieve/not-found, also for what the caller may not see; access/denied
 */
export async function locate<T>(
  request: HttpRequest,
  op: Op,
  find: (uids: Uids) => Promise<Found<T>[]>,
): Promise<Target<T> | HttpAnswer> {
  const found = await find(uidsOf(request));
  const [only, ...others] = found;
  if (others.length > 0)
    return ambiguous(
      request,
      op,
      found.map(({ institution }) => institution),
    );
  if (only?.held === undefined) throw new Failure('retrieve/not-found', 'not held, or not for this caller');
  return { institution: only.institution, held: only.held };
}

/** What the journal says of an answer to a path: which object was read, and what of it. */
export function readingOf({ params: { series, instance } }: HttpRequest, aspect: string): Record<string, string> {
  const level = instance !== undefined ? 'instance' : series !== undefined ? 'series' : 'study';
  return { level, aspect, ...(series !== undefined && { series }), ...(instance !== undefined && { instance }) };
}

/** 409 with an address for each institution that holds the study (decision record 0006). */
function ambiguous(request: HttpRequest, op: Op, institutions: readonly string[]): HttpAnswer {
  const failure = new Failure('retrieve/ambiguous', `${institutions.length} institutions hold this study`);
  const answer = problemOf(failure, op.id);
  const below = request.url.replace(/^\/dicom-web(?=\/)/, '');
  const choices = institutions.map((institution) => ({
    institution,
    href: `${baseUrlOf(request)}/dicom-web/i/${institution}${below}`,
  }));
  return { ...answer, body: JSON.stringify({ ...(JSON.parse(String(answer.body)) as object), choices }) };
}
