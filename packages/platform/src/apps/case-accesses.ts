import type { AccessesOf } from '../features/case-file/case-file.ts';
import { accessesOfStudy, type WhoIs } from '../features/rights/accesses.ts';
import { reportHtml } from '../features/rights/report.ts';
import { ES } from '../features/rights/words.ts';
import type { Db } from '../ports/sql.ts';

/** Who saw one study, for its case file: in Spanish, as the patient reads it. */
export const accessesIn =
  (db: Db, whoIs: WhoIs): AccessesOf =>
  async (study, period) => {
    const report = await accessesOfStudy({ db, whoIs }, study, period);
    return { report, html: reportHtml(report, ES) };
  };
