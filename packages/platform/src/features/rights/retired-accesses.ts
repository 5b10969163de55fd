import type { Envelope } from '../../journal/event.ts';
import type { Retired } from '../../journal/retired.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Period, StudyOfPatient } from './rights.repo.ts';

type Asked = {
  kinds: readonly string[];
  studies: readonly StudyOfPatient[];
  institutions: readonly string[];
  period: Period;
};

/**
 * What `eventsOfStudies` and `wholeExports` ask the database, asked the journal segments: of months that were retired.
 * @throws {Failure} retrieve/damaged: no report is better than one that lacks what somebody took out
 */
export async function retiredAccesses(
  retired: Retired,
  blobs: BlobStore,
  { kinds, studies, institutions, period }: Asked,
  limit: number,
): Promise<Envelope[]> {
  const asked = new Set(studies.map(({ institution, study }) => `${institution} ${study}`));
  const isOfStudy = ({ kind, institution, study }: Envelope): boolean =>
    kinds.includes(kind) && asked.has(`${institution} ${study}`);
  const isOfAll = ({ kind, institution, study }: Envelope): boolean =>
    kind === 'export.finished' && study === '' && (institution === '' || institutions.includes(institution));
  const found: Envelope[] = [];
  for await (const { event } of retired.lines(blobs)) {
    const each = event as Envelope;
    if (each.at < period.from || each.at >= period.until || !(isOfAll(each) || isOfStudy(each))) continue;
    found.push(each);
    if (found.length >= limit) break;
  }
  return found;
}
