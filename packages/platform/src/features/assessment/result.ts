import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isUuid } from '@acervo/kernel/id.ts';
import { findInstancesAnywhere, findStudies, type HeldStudy } from '../../holdings/find.repo.ts';
import { studyKeyOf } from '../../holdings/keys.ts';
import { seen } from '../../holdings/seen.ts';
import type { Op } from '../../ports/op.ts';
import { type ResultRow, resultBy, resultOfObject } from './assessment.repo.ts';
import type { AssessmentPorts } from './told.ts';

/** A result, and the study that it is of. */
export type SeenResult = { result: ResultRow; study: HeldStudy };

/**
 * A result by its task's id, or by the SOP Instance UID of one of its objects, for who may read its study. A task
 * without a result, a silent one, one of a study that is not seen: all of them are not there.
 * @throws {Failure} retrieve/not-found; retrieve/ambiguous where several institutions hold the object
 */
export async function seenResult(
  ports: Pick<AssessmentPorts, 'db' | 'journal'>,
  op: Op,
  named: string,
): Promise<SeenResult> {
  const permitted: SeenResult[] = [];
  for (const result of await resultsNamed(ports, named)) {
    const held = (await findStudies(ports.db, result.studyUid)).flatMap((each) => each.held ?? []);
    const own = held.filter(({ institution }) => institution === result.institution);
    const [study] = await seen(ports, op, 'read', result.studyUid, own);
    if (study !== undefined) permitted.push({ result, study });
  }
  const [first, ...others] = permitted;
  if (first === undefined) throw new Failure('retrieve/not-found', 'no such result, or not for this caller');
  if (others.length > 0) throw new Failure('retrieve/ambiguous', 'several results have this object');
  return first;
}

async function resultsNamed({ db }: Pick<AssessmentPorts, 'db'>, named: string): Promise<ResultRow[]> {
  if (isUuid(named)) return [await resultBy(db, named)].filter((each) => each !== undefined);
  if (!isValidUid(named)) return [];
  const found = await findInstancesAnywhere(db, { sops: [named], study: undefined, series: undefined });
  const keys = found.map(({ institution, held }) => studyKeyOf(institution, held.studyUid));
  return keys.length === 0 ? [] : resultOfObject(db, keys, named);
}
