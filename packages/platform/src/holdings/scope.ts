import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import type { Op } from '../ports/op.ts';

/**
 * The institutions whose objects an operation may touch: those the caller sees, narrowed to the one that the
 * path names. undefined: all of them (open access). What may not be seen answers like what is not there.
 * @throws {Failure} retrieve/not-found
 */
export function scopeOf(op: Op, institution: string | undefined): readonly string[] | undefined {
  if (institution === undefined) return op.sees;
  const isSeen = isInstitution(institution) && (op.sees === undefined || op.sees.includes(institution));
  if (!isSeen) throw new Failure('retrieve/not-found', 'no such institution for this caller');
  return [institution];
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
