import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import type { Op } from '../ports/op.ts';
import type { StudyAction } from '../ports/policy.ts';
import { isEmpty, narrowed, standingOf, type View, wholeInstitutions } from '../ports/view.ts';
import type { Institutions } from './find.repo.ts';

/**
 * What an operation may have for an action, narrowed to the institution that the path names. Who can never have
 * anything is refused before it is looked at what there is; what else may not be seen answers like what is not there.
 * @throws {Failure} access/denied, retrieve/not-found
 */
export function viewOf(op: Op, action: StudyAction, institution?: string): View {
  const view = op.view(action);
  if (isEmpty(view)) throw new Failure('access/denied', `${action} by ${op.actor.id}`);
  if (institution === undefined) return view;
  const isSeen = isInstitution(institution) && standingOf(view, institution) !== 'none';
  if (!isSeen) throw new Failure('retrieve/not-found', 'no such institution for this caller');
  return narrowed(view, institution);
}

/** What somebody may do at an institution who has to know how it works, whether it sees studies or not. */
const OFFICES = ['administer', 'audit', 'steward', 'review'] as const;

/**
 * The institutions of which a caller may know how they work, and not only some of their studies: their devices, people,
 * refusals. undefined: all.
 * @throws {Failure} access/denied where there is none, and nothing of it may be searched
 */
export function scopeOf(op: Op): Institutions {
  const { institution } = op;
  const view = op.view('query');
  const hasOffice = OFFICES.some((action) => op.may(action, institution));
  if (!hasOffice && isEmpty(view)) throw new Failure('access/denied', `query by ${op.actor.id}`);
  const whole = wholeInstitutions(view);
  return whole === undefined || !hasOffice || whole.includes(institution) ? whole : [...whole, institution];
}

/**
 * The same operation for one of the institutions that the caller may act for.
 * @throws {Failure} request/invalid, access/denied
 */
export function actingFor(op: Op, institution: string): Op {
  if (!isInstitution(institution)) throw new Failure('request/invalid', 'not an institution code');
  op.allow('store', institution);
  return institution === op.institution ? op : { ...op, institution, issuer: institution };
}

/** The roots under which DICOMweb answers: what the caller may see, or one institution. */
export const DICOM_WEB_ROOTS = ['/dicom-web', '/dicom-web/i/:institution'] as const;
