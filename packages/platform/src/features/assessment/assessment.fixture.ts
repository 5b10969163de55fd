import type { TestContext } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { studyKeyOf } from '../../holdings/keys.ts';
import type { Op } from '../../ports/op.ts';
import type { Sql } from '../../ports/sql.ts';
import { withdrawnTold } from '../inference/withdrawn.ts';
import type { AssessmentPorts } from './told.ts';

const INSTITUTION = 'HGM';

export type TaskMade = { institution: string; study: string; stage?: string; state?: string; results?: string[] };

/** A task as routing and work leave it behind. @returns its id */
export async function putTask(
  sql: Sql,
  { institution, study, stage = 'limitado', state = 'done', results = ['2.25.77'] }: TaskMade,
): Promise<string> {
  const id = newId();
  await sql.query(
    `insert into ai_task (id, package, model, version, stage, institution, study_key, study_uid, series, revision,
       rules, asked_by, priority, state, created_at, due_at, deadline, results, ended_at)
     values ($1, $2, 'mx.prueba.torax', '1.0.0', $3, $4, $5, $6, $7, $8, '{HGM/torax@1}', 'rules', 0, $9, now(), now(),
       now() + interval '1 h', $10, now())`,
    [id, 'a'.repeat(64), stage, institution, studyKeyOf(institution, study), study, [`${study}.1`], id, state, results],
  );
  return id;
}

/** An archive with a study that a model has looked at. */
export async function openAssessed(t: TestContext) {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  const object = { name: 'assessment', study: 1, number: 1 };
  await storeSmall(archive, object, INSTITUTION);
  const study = smallObject(object).studyUid;
  const { holdings } = archive;
  const names = new Map([
    ['p-1', 'Dra. Ruiz'],
    ['p-4', 'Fís. Lara'],
  ]);
  const whoIs: AssessmentPorts['whoIs'] = ({ id }) => {
    const name = names.get(id);
    return name === undefined ? undefined : { name };
  };
  const ports: AssessmentPorts = { ...holdings, whoIs, withdrawn: withdrawnTold };
  const task = await putTask(holdings.db, { institution: INSTITUTION, study });
  const held = { institution: INSTITUTION, studyKey: studyKeyOf(INSTITUTION, study), studyUid: study };
  const named = { id: task, package: 'a'.repeat(64), results: ['2.25.77'] };
  return { archive, ports, study, task, held, named };
}

/** A person who may do everything, unless said. */
export const person = (id: string, over: Partial<Op> = {}): Op =>
  testOp({ institution: INSTITUTION, actor: { kind: 'person', id }, door: 'web', ...over });
