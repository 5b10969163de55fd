import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { decimalText } from '@acervo/dicom/data-set/compose.ts';
import { runCommand } from '@acervo/testkit/run-command.ts';
import { limit } from '../features/governance/governance.fixture.ts';
import { DEMO_MODEL, stageIs } from '../features/models/demo-model.fixture.ts';
import { reindexCommand } from './commands/reindex.ts';
import { verifyCommand } from './commands/verify.ts';
import { endedTask, LATE_MS, type Silent, serveSilent, silentRecord, storeChest } from './silent.fixture.ts';
import { type Exit, everyExit } from './silent-exits.fixture.ts';

/**
 * Where a result is found once its model may be seen, and must be, or the walk proves nothing of silence. Elsewhere it
 * is not even then: logs, metrics and audit messages name studies, no objects.
 */
const CLINICAL: readonly string[] = [
  ...['/dicom-web', '/dicom-web/i/:institution'].flatMap((root) =>
    [
      '/series',
      '/instances',
      '/studies/:study',
      '/studies/:study/metadata',
      '/studies/:study/series',
      '/studies/:study/instances',
    ].map((path) => `GET ${root}${path}`),
  ),
  'GET /api/studies/:study/zip',
  'GET /api/changes',
  'POST /api/studies/:study/case-file',
  'GET /api/ai/studies/:study',
  'C-FIND',
  'C-MOVE',
  'C-GET',
  'acervo export',
  'acervo backup',
  'database',
  'folder packs',
  'folder journal',
  'folder postgres',
];

type Record = Awaited<ReturnType<typeof silentRecord>>;

/** What tells of a finding: the UIDs of its objects and series, and its scores as JSON and DICOM write them. */
function marksOf({ objects, said }: Pick<Record, 'objects' | 'said'>): string[] {
  const uids = objects.flatMap(({ sopInstanceUid, seriesUid }) => [sopInstanceUid, seriesUid]);
  const scores = said.flatMap(({ score }) => (score === null ? [] : [String(score), decimalText(100 * score)]));
  assert.ok(uids.length > 0 && scores.every((text) => text.length > 6), `${uids} ${scores}`);
  return [...uids, ...scores];
}

const told = (exits: readonly Exit[], marks: readonly string[]): string[] =>
  exits.filter(({ bytes }) => marks.some((mark) => bytes.includes(mark))).map(({ name }) => name);

async function directly({ running: { url } }: Silent, study: string, { objects, task }: Record): Promise<void> {
  const studies = await fetch(`${url}/dicom-web/studies?StudyInstanceUID=${study}`);
  const [seen] = (await studies.json()) as { [tag: string]: { Value?: unknown[] } }[];
  assert.deepEqual([seen?.['00080061']?.Value, seen?.['00201208']?.Value], [['CR'], [1]], 'nor is it counted');
  for (const { seriesUid, sopInstanceUid } of objects) {
    const instance = `/dicom-web/studies/${study}/series/${seriesUid}/instances/${sopInstanceUid}`;
    for (const path of ['', '/metadata', '/rendered', '/frames/1', '/bulkdata/0040A730'].map((end) => instance + end)) {
      assert.equal((await fetch(url + path)).status, 404, path);
    }
    const wado = `/wado?requestType=WADO&studyUID=${study}&seriesUID=${seriesUid}&objectUID=${sopInstanceUid}`;
    assert.equal((await fetch(url + wado)).status, 404);
    const found = await fetch(`${url}/dicom-web/instances?SOPInstanceUID=${sopInstanceUid}`);
    assert.equal(await found.text(), '[]');
  }
  // By its true name, which who watches tasks knows, a silent result is not there either.
  const names = [task.id, ...objects.map(({ sopInstanceUid }) => sopInstanceUid)];
  for (const result of names.map((name) => `${url}/api/ai/results/${name}`)) {
    assert.equal((await fetch(result)).status, 404, result);
    for (const [what, body] of [
      ['decisions', { decision: 'accepted' }],
      ['incidents', { severity: 'none', text: 'x' }],
    ] as const) {
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${result}/${what}`, { method: 'POST', headers, body: JSON.stringify(body) });
      assert.ok(answer.status === 404 || answer.status === 403, `${result}/${what}: ${answer.status}`);
    }
  }
}

/** The receiver of audit messages was told that the task ended: what follows is not just too early. */
async function isAudited(t: TestContext, { running, heard }: Silent, study: string): Promise<void> {
  const { database } = running.server.archive;
  const ended = `select id::text as id from journal where kind = 'ai-task.ended' and study = $1`;
  const [event] = await database.query<{ id: string }>(ended, [study]);
  assert.ok(event !== undefined);
  const isTold = (): void => assert.ok(Buffer.concat(heard.audit).includes(event.id));
  await t.waitFor(isTold, { timeout: LATE_MS, interval: 100 });
}

const SILENT_STUDY = '2.25.4600.1';
const SEEN_STUDY = '2.25.4600.2';

test('a silent result is at no exit, a restart and a new index later neither; in limited use at each clinical one', {
  timeout: 600_000,
}, async (t) => {
  const silent = await serveSilent(t);
  const { running, again, config, world, people } = silent;
  await storeChest(running.server, SILENT_STUDY, 1);
  const task = await endedTask(t, silent, SILENT_STUDY);
  const record = await silentRecord(silent, task);
  const marks = marksOf(record);
  await isAudited(t, silent, SILENT_STUDY);
  const before = await everyExit(t, silent, SILENT_STUDY);
  assert.deepEqual(told(before, marks), []);
  assert.ok(told(before, [`${SILENT_STUDY}.1.1`]).length > CLINICAL.length, 'the image itself is at all of them');
  await directly(silent, SILENT_STUDY, record);

  await t.test('the application asks the silent table in vain', async () => {
    await assert.rejects(running.server.archive.database.query('select * from silent.result'), /42501/);
  });

  await t.test('verifying and making the index anew leave it where it is', async () => {
    await running.server.close();
    const lines: string[] = [];
    for (const [command, option] of [
      [verifyCommand, '--deep'],
      [reindexCommand, '--yes'],
    ] as const) {
      const { code, text, values } = await runCommand(config, command, [option]);
      assert.equal(code, 0, text);
      lines.push(text, JSON.stringify(values));
    }
    await again();
    assert.deepEqual(told([{ name: 'commands', bytes: Buffer.from(lines.join('\n')) }], marks), []);
    assert.deepEqual(told(await everyExit(t, silent, SILENT_STUDY), marks), []);
    assert.deepEqual((await silentRecord(silent, task)).said, record.said, 'the record is still there');
  });

  await t.test('in limited use the next study has its result at each exit where objects are', async () => {
    const { database } = running.server.archive;
    await limit({ ...world, db: database }, people, 99, DEMO_MODEL);
    await stageIs(t, running.server, 'limitado');
    await storeChest(running.server, SEEN_STUDY, 2);
    const seen = await endedTask(t, silent, SEEN_STUDY);
    const [sopInstanceUid] = (seen as typeof seen & { results: string[] }).results;
    assert.ok(sopInstanceUid !== undefined);
    const [row] = await database.query<{ uid: string }>(
      `select se.series_uid as uid from instance i join series se on se.series_key = i.series_key where i.sop_uid = $1`,
      [sopInstanceUid],
    );
    const exits = await everyExit(t, silent, SEEN_STUDY);
    const where = told(exits, [sopInstanceUid, row?.uid ?? sopInstanceUid]);
    assert.deepEqual(where.sort(), [...CLINICAL].sort());
    assert.deepEqual(told(exits, marks), [], 'of the study before there is nothing now, either');
  });
});
