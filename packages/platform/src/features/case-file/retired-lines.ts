import type { Json } from '@acervo/kernel/canonical-json.ts';
import { isSamePatient, type Patient } from '../../holdings/patient.ts';
import type { Envelope } from '../../journal/event.ts';
import { type CaseStudy, OF_PATIENTS } from './case-file.repo.ts';

/** What `case-file.repo.ts` asks the database, asked a line of the journal segments: of months that were retired. */

export const isOfStudy = (event: Envelope, { institution, study }: Pick<CaseStudy, 'institution' | 'study'>): boolean =>
  event.study !== '' && event.study === study && event.institution === institution;

export function isOfPatient({ study, kind, institution, facts }: Envelope, patient: Patient): boolean {
  if (study !== '' || !OF_PATIENTS.includes(kind) || institution !== patient.institution) return false;
  const record = fieldsOf(fieldsOf(facts['shared'])['record']);
  const { institution: owner, issuer, id } = fieldsOf(facts['patient']);
  return (
    isSamePatient({ institution: textOf(owner), issuer: textOf(issuer), id: textOf(id) }, patient) ||
    [facts, record, fieldsOf(record['subject'])].some(
      (named) => named['patientId'] === patient.id && ['', patient.issuer].includes(textOf(named['issuer'])),
    )
  );
}

export function isOfInstitution({ study, kind, institution }: Envelope, of: string): boolean {
  if (study !== '') return false;
  if (kind === 'export.finished') return institution === '' || institution === of;
  return (kind === 'agreement.made' || kind === 'agreement.ended') && institution === of;
}

type Fields = { readonly [name: string]: Json };

const fieldsOf = (value: Json | undefined): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
