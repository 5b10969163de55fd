import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { runCommand } from '@acervo/testkit/run-command.ts';
import { asked, type TestServer, testServer } from '@acervo/testkit/test-server.ts';
import { aiCommand } from '../../apps/commands/ai.ts';
import { SITE } from '../governance/governance.fixture.ts';
import { stopSite } from '../governance/stopping.ts';
import { chestOf, storeFile } from '../models/chest.fixture.ts';
import { addChestRule, DEMO_MODEL, useDemoModel } from '../models/demo-model.fixture.ts';
import { assignmentOver } from './site-keys.ts';

/** Of whoever sent the images: not the one that the archive takes for its own. */
const ISSUER = 'OTRO-EMISOR';
const LATE_MS = 45_000;
/** Of the site's studies. */
const SHARE = 50;

/** A chest with an opacity. */
const storeChest = ({ server }: TestServer, studyUid: string): Promise<void> =>
  storeFile(server.archive.holdings.store, testOp({ institution: SITE, issuer: ISSUER }), chestOf(studyUid, true));

/** Studies that the share has, and one that it has not: as another process of the same database says it. */
async function studiesOf({ server }: TestServer): Promise<{ study: string; later: string; other: string }> {
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

const statusOf = async (served: TestServer, study: string): Promise<Status> => {
  const { studies } = await asked<{ studies: Status[] }>(served, `/api/ai/studies/${study}`);
  const [status] = studies;
  assert.ok(status !== undefined);
  return status;
};

const passedOver = (t: TestContext, served: TestServer, study: string, why: string): Promise<void> =>
  t.waitFor(
    async () => {
      const [considered] = (await statusOf(served, study)).watched?.considered ?? [];
      assert.deepEqual([considered?.tasks, considered?.why], [0, why]);
    },
    { timeout: LATE_MS, interval: 100 },
  );

test('a package taken into use reads a study that comes in; after the site has stopped, none', async (t) => {
  const served = await testServer(t, { env: { ACERVO_INSTITUTION: SITE, ACERVO_AI_QUIET_SECONDS: '0' } });
  const { archive, modelStates } = served.server;
  const { database } = archive;
  const { world, people } = await useDemoModel(t, served, '*', SHARE);
  await addChestRule(served);

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
  const request = { studies: [study], model: `${DEMO_MODEL.model}@${DEMO_MODEL.version}`, deadlineMinutes: 60 };
  assert.match(JSON.stringify(await asked(served, '/api/ai/requests', request)), /"known"/);

  const { code, values } = await runCommand(served.config, aiCommand, ['request', study, '--model', request.model]);
  assert.deepEqual([code, values], [0, [{ study, outcome: 'known' }]], 'the command knows what runs where, too');

  await storeChest(served, other);
  await passedOver(t, served, other, 'not-assigned');

  await stopSite(world, people.chief.op, SITE, 'prueba');
  await t.waitFor(() => assert.deepEqual(modelStates.runningAt(SITE), []), { timeout: LATE_MS });
  await storeChest(served, later);
  await passedOver(t, served, later, 'not-placed');
  const tasks = await database.query('select study_uid as study, state from ai_task');
  assert.deepEqual(tasks, [{ study, state: 'done' }], 'neither the stopped site nor the result made another one');
});
