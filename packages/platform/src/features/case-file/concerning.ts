import type { Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isSamePatient, type Patient } from '../../holdings/patient.ts';
import type { Envelope } from '../../journal/event.ts';
import type { NumberedRow } from '../../journal/proven.repo.ts';
import { Retired, retiredRows } from '../../journal/retired.ts';
import type { BlobStore } from '../../ports/blob-store.ts';
import type { Db } from '../../ports/sql.ts';
import { type CaseStudy, linesOfInstitution, linesOfPatient, linesOfStudy } from './case-file.repo.ts';
import { isOfInstitution, isOfPatient, isOfStudy } from './retired-lines.ts';
import { inForceWhenRead } from './shared.ts';

/** Events in one case file: they are held in memory. */
const LINES_MAX = 100_000;

/** A numbered line with its event. */
export type Line = Omit<NumberedRow, 'event'> & {
  event: Envelope;
  /** Its canonical text, of which the hash is. */
  text: string;
};

/** What of the journal concerns a study, and what must stay behind. */
export type Concerning = { lines: readonly Line[]; withheld: readonly number[] };

/**
 * The lines about a study and its patient: what names the study at its institution, what names the patient and no
 * study, agreements that were in force when others read it, and exports of everything after it came. An event cannot
 * be shown in part, since its hash is of all of it: what names another patient or study, too, stays behind.
 * @throws {Failure} query/too-broad
 */
export async function linesConcerning(
  { db, journalBlobs }: { db: Db; journalBlobs: BlobStore },
  study: CaseStudy,
  through: number,
): Promise<Concerning> {
  const { institution, patient, firstStored } = study;
  const retired = await Retired.of(db);
  const last = Math.min(through, retired.lastSeq);
  // What the database does not have any more, told by the same questions.
  const older = await retiredRows(
    retired.lines(journalBlobs, retired.firstSeq, last),
    (event) => isOfStudy(event, study),
    (event) => patient !== null && isOfPatient(event, patient),
    (event) => isOfInstitution(event, institution),
  );
  const newer = await Promise.all([
    linesOfStudy(db, study, through, LINES_MAX + 1),
    patient === null ? [] : linesOfPatient(db, patient, through, LINES_MAX + 1),
    linesOfInstitution(db, institution, through, LINES_MAX + 1),
  ]);
  const read = newer.map((rows, index) => [...(older[index] ?? []), ...rows]);
  if (read.some((rows) => rows.length > LINES_MAX)) throw tooMany();
  const [ofStudy, ofPatient, ofInstitution] = read.map(linesOf) as [Line[], Line[], Line[]];
  const exports = ofInstitution.filter(({ event }) => event.kind === 'export.finished' && event.at >= firstStored);
  const agreements = inForceWhenRead(
    ofInstitution.filter(({ event }) => event.kind.startsWith('agreement.')),
    ofStudy,
  );
  const all = [...ofStudy, ...ofPatient, ...exports, ...agreements].sort((a, b) => a.seq - b.seq);
  if (all.length > LINES_MAX) throw tooMany();
  const isMine = ({ event }: Line): boolean => !namesOther(event.facts, study);
  return { lines: all.filter(isMine), withheld: all.filter((line) => !isMine(line)).map(({ seq }) => seq) };
}

const tooMany = (): Failure => new Failure('query/too-broad', `more than ${LINES_MAX} events concern this study`);
const linesOf = (rows: readonly NumberedRow[]): Line[] =>
  rows.map((row) => ({ ...row, event: JSON.parse(row.event) as Envelope, text: row.event }));

type Named = { patient: Patient | null; study: string };

/** Whether facts name another patient, or another study: in any of the forms that events name them by. */
export function namesOther(facts: Json, of: Named): boolean {
  if (typeof facts !== 'object' || facts === null) return false;
  if (Array.isArray(facts)) return (facts as readonly Json[]).some((each) => namesOther(each, of));
  const fields = facts as { readonly [name: string]: Json };
  return isOther(fields, of) || Object.values(fields).some((each) => namesOther(each, of));
}

function isOther(fields: { readonly [name: string]: Json }, { patient, study }: Named): boolean {
  const { institution, issuer, id, patientId, studyUid, StudyInstanceUID } = fields;
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
  for (const uid of [studyUid, StudyInstanceUID]) if (text(uid) !== '' && uid !== study) return true;
  if (text(institution) !== '' && issuer !== undefined && text(id) !== '') {
    const named = { institution: text(institution), issuer: text(issuer), id: text(id) };
    return patient === null || !isSamePatient(named, patient);
  }
  if (text(patientId) === '') return false;
  return patientId !== patient?.id || ![patient?.issuer, ''].includes(text(issuer));
}
