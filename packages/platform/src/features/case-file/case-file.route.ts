import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { z } from 'zod';
import { fileAnswer } from '../../bindings/file-answer.ts';
import type { Route } from '../../bindings/http.ts';
import { JSON_TYPE, jsonBodyOf, understood } from '../../bindings/json-body.ts';
import { type CasePorts, makeCaseFile } from './case-file.ts';

const TAR_TYPE = 'application/x-tar';
const REASON_CHARS_MAX = 500;

const WANTED = z.strictObject({
  reason: z.string().trim().min(1).max(REASON_CHARS_MAX),
  institution: z.string().refine(isInstitution, 'an institution code').optional(),
  objects: z.boolean().default(false),
});

/** Not in the standard. By POST, since it is a fact of its own, and its reason belongs in no log of URLs. */
export const caseFileRoute = (ports: CasePorts): Route => ({
  method: 'POST',
  path: '/api/studies/:study/case-file',
  summary:
    'The case file of a study, a tar archive that can be verified offline: { reason, institution?, objects? }; for ' +
    'who may audit there, with objects for who may export them, too',
  consumes: [JSON_TYPE],
  produces: [TAR_TYPE],
  handle: async (request, op) => {
    const { study = '' } = request.params;
    if (!isValidUid(study)) throw new Failure('request/invalid', 'study: no UID (PS3.5 9.1)');
    const { reason, institution, objects } = understood(WANTED, await jsonBodyOf(request));
    const made = await makeCaseFile(ports, op, { study, institution, reason, withObjects: objects });
    return fileAnswer(TAR_TYPE, `${study}.case.tar`, made.bytes());
  },
});
