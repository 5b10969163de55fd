import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { fileAnswer } from '../../bindings/file-answer.ts';
import type { HttpAnswer, HttpRequest, Route } from '../../bindings/http.ts';
import type { HeldStudy } from '../../holdings/find.repo.ts';
import { type Find, findersOf } from '../../holdings/finders.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import { StudyZip } from './study-zip.ts';

export function mediaRoutes(holdings: Holdings): Route[] {
  const { study } = findersOf(holdings);
  return [
    {
      method: 'GET',
      path: '/api/studies/:study/zip',
      summary: 'A study as a ZIP archive of files with a DICOMDIR',
      query: [{ name: 'institution', description: 'Which one, where several hold the study' }],
      produces: ['application/zip'],
      handle: (request, op) => answer(holdings, study, request, op),
    },
  ];
}

async function answer(
  holdings: Holdings,
  find: Find<HeldStudy>,
  { params, query }: HttpRequest,
  op: Op,
): Promise<HttpAnswer> {
  const { study: uid = '' } = params;
  if (!isValidUid(uid)) throw new Failure('request/invalid', 'study: no UID (PS3.5 9.1)');
  const found = await find(op, { study: uid, series: '', sop: '' }, query.get('institution') ?? undefined);
  const [only, ...others] = found;
  if (others.length > 0) throw new Failure('retrieve/ambiguous', `${found.length} institutions hold this study`);
  if (only?.held === undefined) throw new Failure('retrieve/not-found', 'not held, or not for this caller');
  await holdings.journal.retrieved(op, only.institution, uid, { level: 'study', aspect: 'zip' });
  return fileAnswer('application/zip', `${uid}.zip`, new StudyZip(holdings, op).bytes(only.held));
}
