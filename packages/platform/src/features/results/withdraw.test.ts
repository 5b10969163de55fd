import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemsOf, textOf, uidOf } from '@acervo/dicom/data-set/access.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { withdraws } from '@acervo/model/lifecycle/withdrawal.ts';
import { KEY_OBJECT_SELECTION } from '@acervo/model/results/rejection.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { findInstancesAnywhere } from '../../holdings/find.repo.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import { PLACED } from '../inference/inference.fixture.ts';
import { noticesOf, resultsBy } from './notices.ts';
import { resultsProjection } from './projection.ts';
import {
  type After,
  deliverDue,
  eventsOf,
  never,
  openAfter,
  PACS,
  SITE,
  storeResult,
  told,
} from './results.fixture.ts';
import { withdrawOnce } from './withdraw.ts';
import { putWithdrawals, type Withdrawal } from './withdrawal.repo.ts';

const OTHER = 'IMSS';

function withdrawalOf(over: Partial<Withdrawal> = {}): Withdrawal {
  return {
    id: newId(),
    revision: 7,
    package: PLACED.package,
    model: PLACED.model,
    version: PLACED.version,
    site: '',
    state: 'suspendido',
    cause: 'asked',
    reason: 'sesgo en niñas',
    at: new Date().toISOString(),
    ...over,
  };
}

async function withdraw(after: After, over: Partial<Withdrawal> = {}): Promise<Withdrawal> {
  const withdrawal = withdrawalOf(over);
  const { db } = after.archive.holdings;
  await putWithdrawals(db, [withdrawal]);
  await db.query(
    "update ai_withdrawal set due_at = now() + (case when id = $1 then -1 else 3600 end) * interval '1 s'",
    [withdrawal.id],
  );
  assert.ok(await withdrawOnce(after.results, never));
  return withdrawal;
}

async function notesOf({ archive }: After, study: string) {
  const { db, files } = archive.holdings;
  const rows = await db.query<{ uid: string }>(
    `select i.sop_uid as uid from instance i join uid_code c on c.code = i.sop_class
     join study s on s.study_key = i.study_key
     where c.uid = $2 and s.study_uid = $1`,
    [study, KEY_OBJECT_SELECTION],
  );
  const found = await findInstancesAnywhere(db, { sops: rows.map(({ uid }) => uid), study, series: undefined });
  return Promise.all(
    found.map(async ({ held }) => (await storedDataSet(files, held).read({ valueBytesMax: 65_536 })).dataSet),
  );
}

test('what withdraws: a retirement, and a suspension of one version for what it does', () => {
  assert.ok(withdraws('retirado', 'asked'));
  for (const cause of ['asked', 'break-glass', 'alarm']) assert.ok(withdraws('suspendido', cause), cause);
  for (const cause of ['expired', 'site-stop', 'rollback', 'replaced']) {
    assert.equal(withdraws('suspendido', cause), false, cause);
  }
  for (const state of ['limitado', 'sustituido', 'rechazado']) assert.equal(withdraws(state, 'asked'), false, state);
});

test('results are found, marked, noted beside, and their institution is told; once, whoever tries again', async (t) => {
  const after = await openAfter(t);
  const some = [await storeResult(after, 1, [PACS]), await storeResult(after, 2)] as const;
  await deliverDue(after);
  const [sent, unsent] = some;
  const { id, reason } = await withdraw(after);
  await withdraw(after, { id });
  for (const { study, report } of some) {
    const task = await told(after, study);
    assert.equal(task?.withdrawn?.reasonEs, `Versión del modelo suspendida por falla: ${reason}`);
    assert.equal(task?.withdrawn?.reasonEn, `Version of the model suspended for a fault: ${reason}`);
    assert.deepEqual(task?.results, [report], 'what was said stays to be read');
    const [note, ...others] = await notesOf(after, study);
    assert.ok(note !== undefined);
    assert.deepEqual(others, []);
    const [title] = itemsOf(note, T.ConceptNameCodeSequence);
    assert.deepEqual(
      [textOf(title?.elements.get(T.CodeValue)), textOf(title?.elements.get(T.CodingSchemeDesignator))],
      ['113037', 'DCM'],
    );
    const [evidence] = itemsOf(note, T.CurrentRequestedProcedureEvidenceSequence);
    const [series] = evidence === undefined ? [] : itemsOf(evidence, T.ReferencedSeriesSequence);
    const [referred] = series === undefined ? [] : itemsOf(series, T.ReferencedSOPSequence);
    assert.equal(referred && uidOf(referred, T.ReferencedSOPInstanceUID), report);
    assert.equal(uidOf(note, T.StudyInstanceUID), study);
    assert.equal(textOf(note.elements.get(T.PatientBirthDate)), '19700101');
  }
  const announced = await eventsOf(after, 'ai-model.withdrawn');
  assert.deepEqual(
    announced.map(({ institution, outcome, facts }) => [institution, outcome, facts['results'], facts['studies']]),
    [[SITE, 'warning', 2, 2]],
  );
  assert.equal(after.counts.withdrawn, 2);

  assert.equal(await deliverDue(after), 1, 'the system that had the result gets the note, nobody else does');
  const task = await told(after, sent.study);
  assert.deepEqual(
    task?.deliveries.map(({ kind, state }) => [kind, state]),
    [
      ['result', 'delivered'],
      ['rejection', 'delivered'],
    ],
  );
  const { note } = (await resultsBy(after.archive.holdings.db, testOp(), all(id)))[0] ?? {};
  assert.deepEqual(after.system.got, [sent.report, note]);
  assert.deepEqual((await told(after, unsent.study))?.deliveries, []);
});

const all = (withdrawal: string) => ({ withdrawal, institution: SITE, after: undefined });

test('of a site its own results alone; of another package, or made after it, none', async (t) => {
  const after = await openAfter(t);
  const { study } = await storeResult(after, 1);
  await withdraw(after, { site: OTHER });
  assert.equal((await told(after, study))?.withdrawn, null);
  await withdraw(after, { package: 'c'.repeat(64), revision: 8 });
  await withdraw(after, { at: new Date(Date.now() - 3_600_000).toISOString(), revision: 9 });
  assert.equal((await told(after, study))?.withdrawn, null);
  await withdraw(after, { site: SITE, revision: 10, state: 'retirado' });
  assert.match((await told(after, study))?.withdrawn?.reasonEs ?? '', /^Versión del modelo retirada: /);
});

test('what a process kept and did not live to write down is withdrawn too; what waited is not sent', async (t) => {
  const after = await openAfter(t);
  const { study, report, task } = await storeResult(after, 1, [PACS]);
  const { db } = after.archive.holdings;
  await db.query(`update ai_task set state = 'cancelled', reason = 'not-placed' where id = $1`, [task]);
  assert.deepEqual((await told(after, study))?.results, [], 'until then nobody is shown it');
  await withdraw(after);
  const marked = await told(after, study);
  assert.deepEqual([marked?.withdrawn === null, marked?.results], [false, [report]]);
  await deliverDue(after);
  assert.deepEqual(after.system.got, []);
  assert.deepEqual(
    (await told(after, study))?.deliveries.map(({ kind, state }) => [kind, state]),
    [['result', 'cancelled']],
  );
});

test('it ends when nothing more can come; approved again, what was withdrawn stays so', async (t) => {
  const after = await openAfter(t);
  const { study } = await storeResult(after, 1);
  const { id } = await withdraw(after);
  const { db } = after.archive.holdings;
  const [early] = await noticesOf(db, testOp(), SITE);
  assert.deepEqual([early?.results, early?.studies, early?.notes, early?.isWhole], [1, 1, 1, false]);
  await db.query(`update ai_withdrawal set at = at - interval '1 hour', due_at = now() - interval '1 s'`);
  assert.ok(await withdrawOnce(after.results, never));
  const [late] = await noticesOf(db, testOp(), SITE);
  assert.equal(late?.isWhole, true);
  assert.equal(await withdrawOnce(after.results, never), false);
  assert.notEqual((await told(after, study))?.withdrawn, null);
  const elsewhere = await noticesOf(db, testOp(), OTHER);
  assert.deepEqual(
    elsewhere.map(({ results }) => results),
    [0],
    'others’ counts are theirs',
  );
  await assert.rejects(
    resultsBy(db, testOp(), { withdrawal: id, institution: OTHER, after: undefined }),
    (thrown) => thrown instanceof Failure && thrown.code === 'request/not-found',
  );
});

test('the journal makes the marks again, and tells nobody twice', async (t) => {
  const after = await openAfter(t);
  const { study } = await storeResult(after, 1, [PACS]);
  await deliverDue(after);
  const { id } = await withdraw(after);
  const before = await told(after, study);
  await after.archive.database.asOwner((sql) => sql.query('truncate ai_withdrawal, ai_withdrawn'));
  const events = await eventsOf(after, ...resultsProjection.kinds);
  const { db } = after.archive.holdings;
  for (let time = 1; time <= 2; time++) await db.transaction((sql) => resultsProjection.apply(sql, events));
  await withdraw(after, { id });
  assert.deepEqual(await told(after, study), before);
  assert.equal((await eventsOf(after, 'ai-model.withdrawn')).length, 1);
  assert.equal((await notesOf(after, study)).length, 1);
});
