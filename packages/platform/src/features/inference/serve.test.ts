import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { aiCommand } from '../../apps/commands/ai.ts';
import { loadConfig } from '../../apps/config.ts';
import { modelsOf } from '../../apps/cross-matrix-models.fixture.ts';
import { startServer } from '../../apps/server.ts';
import { committee, demonstrate, limit, SITE, worldOver } from '../governance/governance.fixture.ts';
import { stopSite } from '../governance/stopping.ts';
import { chestOf, storeFile } from '../models/chest.fixture.ts';
import { assignmentOver } from './site-keys.ts';

const never = new AbortController().signal;
const MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' };
/** Of whoever sent the images: not the one that the archive takes for its own. */
const ISSUER = 'OTRO-EMISOR';
const LATE_MS = 45_000;
/** Of the site's studies. */
const SHARE = 50;

async function serve(t: TestContext) {
  const directory = temporaryDirectory();
  const config = loadConfig({
    ACERVO_DATA_DIR: directory,
    ACERVO_HTTP_PORT: '0',
    ACERVO_DIMSE_PORT: '0',
    ACERVO_ACCESS: 'open',
    ACERVO_INSTITUTION: SITE,
    ACERVO_SEAL_INTERVAL_MS: '50',
    ACERVO_AI_QUIET_SECONDS: '0',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });
  const server = await startServer(config, silentLog);
  t.after(() => server.close());
  return { server, config, directory, url: `http://127.0.0.1:${server.httpPort}` };
}

type Served = Awaited<ReturnType<typeof serve>>;

/** A chest with an opacity. */
const storeChest = ({ server }: Served, studyUid: string): Promise<void> =>
  storeFile(server.archive.holdings.store, testOp({ institution: SITE, issuer: ISSUER }), chestOf(studyUid, true));

/** Studies that the share has, and one that it has not: as another process of the same database says it. */
async function studiesOf({ server }: Served): Promise<{ study: string; later: string; other: string }> {
  const isAssigned = assignmentOver(server.archive.database);
  const [within, without]: [string[], string[]] = [[], []];
  for (let number = 1; within.length < 2 || without.length < 1; number++) {
    const study = `2.25.4500.${number}`;
    ((await isAssigned(SITE, study, SHARE)) ? within : without).push(study);
  }
  const [study = '', later = ''] = within;
  return { study, later, other: without[0] ?? '' };
}

type Status = {
  tasks: { state: string; results: string[] }[];
  watched?: { considered: { tasks?: number; why?: string }[] | null };
};
type Attributes = { [tag: string]: { Value?: unknown[] } | undefined };

async function asked<Answer>({ url }: Served, path: string, body?: object): Promise<Answer> {
  const post = body && { method: 'POST', body: JSON.stringify(body) };
  const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(url + path, { headers, ...post });
  const text = await answer.text();
  assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
  return (text === '' ? [] : JSON.parse(text)) as Answer;
}

const statusOf = async (served: Served, study: string): Promise<Status> => {
  const { studies } = await asked<{ studies: Status[] }>(served, `/api/ai/studies/${study}`);
  const [status] = studies;
  assert.ok(status !== undefined);
  return status;
};

const passedOver = (t: TestContext, served: Served, study: string, why: string): Promise<void> =>
  t.waitFor(
    async () => {
      const [considered] = (await statusOf(served, study)).watched?.considered ?? [];
      assert.deepEqual([considered?.tasks, considered?.why], [0, why]);
    },
    { timeout: LATE_MS, interval: 100 },
  );

test('a package taken into use reads a study that comes in; after the site has stopped, none', async (t) => {
  const served = await serve(t);
  const { database } = served.server.archive;
  await modelsOf(served, '*', 'Física Médica');
  const world = worldOver(database, new Date());
  const people = await committee(world);
  await demonstrate(world, people, 'silencioso', MODEL);
  await limit(world, people, SHARE, MODEL);
  const { modelStates } = served.server;
  await t.waitFor(() => assert.equal(modelStates.runningAt(SITE)[0]?.stage, 'limitado'), { timeout: LATE_MS });
  const rule = { effect: 'run', id: 'torax', institution: SITE, model: MODEL.model, scope: { modality: ['CR'] } };
  await asked(served, '/api/ai/rules', rule);

  const { study, later, other } = await studiesOf(served);
  await storeChest(served, study);
  const found = `/dicom-web/studies/${study}/instances?Modality=SR`;
  const [report] = await t.waitFor(
    async () => {
      const reports = await asked<Attributes[]>(served, found);
      assert.equal(reports.length, 1, JSON.stringify(await statusOf(served, study)));
      return reports;
    },
    { timeout: LATE_MS, interval: 100 },
  );
  const sopInstanceUid = report?.['00080018']?.Value?.[0];
  const metadata = await asked<Attributes[]>(served, `/dicom-web/studies/${study}/metadata`);
  const [result] = metadata.filter((each) => each['00080018']?.Value?.[0] === sopInstanceUid);
  assert.deepEqual(result?.['00189004']?.Value, ['RESEARCH']);
  await t.waitFor(
    async () => {
      const { tasks } = await statusOf(served, study);
      assert.deepEqual(
        tasks.map(({ state, results }) => [state, results]),
        [['result', [sopInstanceUid]]],
      );
    },
    { timeout: LATE_MS, interval: 100 },
  );
  const kept = await database.query('select issuer from study where study_uid = $1', [study]);
  assert.deepEqual(kept, [{ issuer: ISSUER }], 'the patient of a result is the one of its images');
  const request = { studies: [study], model: `${MODEL.model}@${MODEL.version}`, deadlineMinutes: 60 };
  assert.match(JSON.stringify(await asked(served, '/api/ai/requests', request)), /"known"/);

  const answers: unknown[] = [];
  const context = {
    config: served.config,
    log: silentLog,
    signal: never,
    isJson: true,
    print: (_text: string, answer?: unknown): void => void answers.push(answer),
  };
  const args = { positionals: ['request', study], values: { model: request.model } };
  const code = await aiCommand.run(args, context);
  assert.deepEqual([code, answers], [0, [{ study, outcome: 'known' }]], 'the command knows what runs where, too');

  await storeChest(served, other);
  await passedOver(t, served, other, 'not-assigned');

  await stopSite(world, people.chief.op, SITE, 'prueba');
  await t.waitFor(() => assert.deepEqual(modelStates.runningAt(SITE), []), { timeout: LATE_MS });
  await storeChest(served, later);
  await passedOver(t, served, later, 'not-placed');
  const tasks = await database.query('select study_uid as study, state from ai_task');
  assert.deepEqual(tasks, [{ study, state: 'done' }], 'neither the stopped site nor the result made another one');
});
