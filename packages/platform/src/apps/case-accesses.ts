import type { AccessesOf } from '../features/case-file/case-file.ts';
import { accessesOfStudy, type WhoIs } from '../features/rights/accesses.ts';
import { reportHtml } from '../features/rights/report.ts';
import { ES } from '../features/rights/words.ts';
import type { Holdings } from '../holdings/holdings.ts';

/** Who saw one study, for its case file: in Spanish, as the patient reads it. */
export const accessesIn =
  (holdings: Pick<Holdings, 'db' | 'journalBlobs'>, whoIs: WhoIs): AccessesOf =>
  async (study, period) => {
    const report = await accessesOfStudy({ ...holdings, whoIs }, study, period);
    return { report, html: reportHtml(report, ES) };
  };
