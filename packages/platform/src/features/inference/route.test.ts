import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { dryRun } from './dry-run.ts';
import { REVISIONS, revisionOf, revisionsOf } from './facts.repo.ts';
import { MODEL, type Opened, openRouted, PLACED, RULE, SILENT, storeImage } from './inference.fixture.ts';
import { routeOnce } from './route.job.ts';
import { CHANGED_STUDIES, claimDue, DUE_STUDIES, followings, followJournal } from './route.repo.ts';
import { routeStudies } from './route.ts';
import { addRule, removeRule, rulesOf } from './rules.ts';
import { NEXT_TASK } from './task.repo.ts';
import { openTasks } from './watch.repo.ts';
import { statusOf } from './watch.ts';

const never = new AbortController().signal;
const LATE_MS = 20_000;
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

/** Route until every study that was stored has been. */
async function routeAll(t: TestContext, { archive, ports }: Opened): Promise<void> {
  const { db } = archive.holdings;
  await t.waitFor(
    async () => {
      await routeOnce(ports, never);
      const [left] = await db.query<{ left: number }>(
        `select (select count(*) from journal j where not exists (select from journal_seal s where s.id = j.id))
           + (select coalesce(max(seq), 0) from journal_seal) - (select seq from ai_cursor)
           + (select count(*) from ai_route where routed_seq < seen_seq and due_at <= now()) as left`,
      );
      assert.equal(left?.left, 0);
    },
    { timeout: LATE_MS },
  );
}

const queued = async ({ archive }: Opened) =>
  (await openTasks(archive.holdings.db, undefined, 100)).map(({ studyUid, version, rules }) => [
    studyUid,
    version,
    rules,
  ]);

test('a study that is complete becomes a task, once for each package and input; more of it, a new input', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  await addRule(db, testOp(), RULE);
  const study = await storeImage(opened, 1);
  await storeImage(opened, 2, { modality: 'CT' });
  await storeImage(opened, 3, {}, 'IMSS');
  await routeAll(t, opened);
  assert.deepEqual(await queued(opened), [[study, '1.0.0', ['HGM/torax@1']]]);
  // What comes of another modality, such as a result, is no new input.
  await storeImage(opened, 1, { series: 2, modality: 'SR' });
  await routeAll(t, opened);
  const [before] = await openTasks(db, 'HGM', 10);
  assert.equal((await queued(opened)).length, 1);
  await storeImage(opened, 1, { number: 2 });
  await routeAll(t, opened);
  const [after] = await openTasks(db, 'HGM', 10);
  assert.equal((await queued(opened)).length, 1, 'the task on the older input is superseded');
  assert.notEqual(after?.id, before?.id);
});

test('the rule that said no is told to whoever watches; a child is not for a model of adults', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  const scope = { modality: ['CR'], age: { least: 18 }, viewPosition: ['PA'] };
  await addRule(db, testOp(), { ...RULE, scope });
  const child = await storeImage(opened, 1, { age: '009Y' });
  const lateral = await storeImage(opened, 2, { view: 'LL' });
  const adult = await storeImage(opened, 3);
  await routeAll(t, opened);
  assert.deepEqual(await queued(opened), [[adult, '1.0.0', ['HGM/torax@1']]]);
  const considered = async (study: string) => (await statusOf(opened.ports, testOp(), study))[0]?.watched?.considered;
  assert.deepEqual(await considered(child), [{ model: MODEL, rule: 'HGM/torax@1', why: 'age' }]);
  assert.deepEqual(await considered(lateral), [{ model: MODEL, rule: 'HGM/torax@1', why: 'viewPosition' }]);
  assert.deepEqual(await considered(adult), [{ model: MODEL, rules: ['HGM/torax@1'], tasks: 1 }]);
});

test('what may not run there, or is not for this study, is no task; a silent package is one beside', async (t) => {
  const opened = await openRouted(t, { placed: [] });
  await addRule(opened.archive.holdings.db, testOp(), RULE);
  await storeImage(opened, 1);
  await routeAll(t, opened);
  assert.deepEqual(await queued(opened), []);
  opened.state.placed = [PLACED];
  opened.state.isAssigned = false;
  await storeImage(opened, 2);
  await routeAll(t, opened);
  assert.deepEqual(await queued(opened), []);
  opened.state.isAssigned = true;
  opened.state.placed = [PLACED, SILENT];
  await storeImage(opened, 3);
  await routeAll(t, opened);
  assert.deepEqual(new Set((await queued(opened)).map(([, version]) => version)), new Set(['1.0.0', '2.0.0']));
});

test('a rule is for what is stored after it; its versions stay to be read', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  await storeImage(opened, 1);
  await routeAll(t, opened);
  await addRule(db, testOp(), RULE);
  await routeAll(t, opened);
  assert.deepEqual(await queued(opened), []);
  await addRule(db, testOp(), { ...RULE, scope: { modality: ['DX'] } });
  await removeRule(db, testOp(), { institution: 'HGM', name: 'torax' });
  await assert.rejects(removeRule(db, testOp(), { institution: 'HGM', name: 'torax' }), failsWith('request/not-found'));
  const third = await addRule(db, testOp(), RULE);
  assert.equal(third.version, 3);
  const all = await rulesOf(db, testOp({ actor: { kind: 'process', id: 'cli' } }), undefined);
  assert.deepEqual(
    all.map(({ version, removedAt }) => [version, removedAt === null]),
    [
      [3, true],
      [2, false],
      [1, false],
    ],
  );
  await assert.rejects(addRule(db, testOp(), { ...RULE, scope: {} }), failsWith('request/invalid'));
  const ofAnother: Partial<Parameters<typeof testOp>[0]> = {
    ...seeing('IMSS'),
    allow: () => {
      throw new Failure('access/denied', 'HGM');
    },
  };
  await assert.rejects(addRule(db, testOp(ofAnother), RULE), failsWith('access/denied'));
});

test('a dry run counts by rule and day what routing would choose, over the index alone', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  for (let study = 1; study <= 4; study++) await storeImage(opened, study);
  await storeImage(opened, 5, { age: '009Y' });
  await storeImage(opened, 6, { modality: 'CT' });
  const candidate = { ...RULE, scope: { modality: ['CR'], age: { least: 18 } } };
  const now = Date.parse('2026-01-11T00:00:00Z');
  const run = await dryRun(db, testOp(), { institution: 'HGM', days: 10, candidate, now });
  assert.deepEqual([run.studies, run.isCut], [6, false]);
  assert.deepEqual(run.volumes, [{ rule: 'HGM/torax', model: MODEL, studies: 4, perDay: 0.4 }]);
  assert.deepEqual(
    run.refusals.map(({ why, studies }) => [why, studies]),
    [
      ['age', 1],
      ['modality', 1],
    ],
  );
  const later = await dryRun(db, testOp(), { institution: 'HGM', days: 5, candidate, now });
  assert.equal(later.studies, 0);
  assert.deepEqual((await rulesOf(db, testOp(), 'HGM')).length, 0, 'nothing is in force by it');
});

test('many studies are routed by as many statements as one', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  await addRule(db, testOp(), RULE);
  const asked = async (studies: readonly number[]): Promise<number> => {
    for (const study of studies) await storeImage(opened, study);
    await t.waitFor(
      async () => {
        await followJournal(db, await followings(db), 0);
        const rows = await db.query(`select from ai_route where routed_seq < seen_seq`);
        assert.equal(rows.length, studies.length);
      },
      { timeout: LATE_MS },
    );
    const due = await claimDue(db, 30_000, 100);
    let statements = 0;
    const counted = (sql: Sql): Sql => ({
      query: (...question) => {
        statements += 1;
        return sql.query(...question);
      },
    });
    const transaction: Db['transaction'] = (work) => db.transaction((sql) => work(counted(sql)));
    const holdings = { ...opened.ports.holdings, db: { ...counted(db), transaction } };
    assert.equal(await routeStudies({ ...opened.ports, holdings }, testOp(), due), studies.length);
    return statements;
  };
  const one = await asked([1]);
  assert.equal(await asked([2, 3, 4, 5, 6, 7, 8, 9]), one);
});

test('revisions of many studies are those of each: none of what is not there', async (t) => {
  const opened = await openRouted(t);
  const { db } = opened.archive.holdings;
  await storeImage(opened, 1);
  await storeImage(opened, 1, { series: 2 });
  await storeImage(opened, 2);
  const rows = await db.query<{ studyKey: string; seriesKey: number }>(
    `select study_key::text as "studyKey", series_key as "seriesKey" from series order by study_key, series_key`,
  );
  const each = rows.map(({ studyKey, seriesKey }) => ({ studyKey, seriesKeys: [seriesKey] }));
  const none = { studyKey: rows[0]?.studyKey ?? '', seriesKeys: [] };
  const found = await revisionsOf(db, [...each, none, ...each]);
  assert.equal(found[3], undefined);
  assert.equal(new Set(found.slice(0, 3)).size, 3);
  assert.deepEqual(found.slice(0, 3), found.slice(4));
  for (const [index, { studyKey, seriesKeys }] of each.entries())
    assert.equal(await revisionOf(db, studyKey, seriesKeys), found[index]);
  assert.deepEqual(await revisionsOf(db, []), []);
});

test('what is asked for once a second walks indexes: no table is read from end to end', async (t) => {
  const { archive } = await openRouted(t);
  const plans = await archive.database.asOwner(async (sql) => {
    // Small tables are read whole whatever there is: what counts is that it need not be so.
    await sql.query('set enable_seqscan = off');
    const told: string[] = [];
    const ask = async (text: string): Promise<void> => {
      const rows = await sql.query<{ 'QUERY PLAN': string }>(`explain ${text}`);
      told.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
    };
    await ask(
      CHANGED_STUDIES.replaceAll('$1', '5')
        .replaceAll('$2', '2005')
        .replaceAll('$3', `array['HGM']`)
        .replaceAll('$4', 'array[now()]'),
    );
    await ask(DUE_STUDIES.replace('$2', '100'));
    await ask(NEXT_TASK);
    await ask(REVISIONS.replace('$1', `'[{"nth": 0, "seriesKeys": [1]}]'`));
    await sql.query('reset enable_seqscan');
    return told;
  });
  const [changed = '', due = '', next = '', revisions = ''] = plans;
  for (const plan of plans) assert.doesNotMatch(plan, /Seq Scan/, plan);
  assert.match(changed, /journal_seal_pkey/);
  assert.match(changed, /journal_\d{4}_\d\d_pkey/);
  assert.match(due, /ai_route_due/);
  assert.match(next, /ai_task_queue/);
  assert.match(revisions, /instance_pkey/);
});
