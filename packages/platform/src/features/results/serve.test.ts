import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KEY_OBJECT_SELECTION } from '@acervo/model/results/rejection.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { runCommand } from '@acervo/testkit/run-command.ts';
import { asked, type TestServer, testServer } from '@acervo/testkit/test-server.ts';
import { aiCommand } from '../../apps/commands/ai.ts';
import { resultCommand } from '../../apps/commands/result.ts';
import { SITE } from '../governance/governance.fixture.ts';
import { suspend } from '../governance/stopping.ts';
import type { StudyStatus } from '../inference/watch.ts';
import { chestOf, storeFile } from '../models/chest.fixture.ts';
import { DEMO_MODEL, useDemoModel } from '../models/demo-model.fixture.ts';
import type { ToldNotice } from './notices.ts';

const PACS = 'DESTINO';
const STUDY = '2.25.4700.1';
const IMAGE = `${STUDY}.1.1`;
/** Of the site's studies, in percent; what somebody asks for is done whatever it is. */
const SHARE = 10;
const LATE = { timeout: 60_000, interval: 100 };

const storeChest = ({ server }: TestServer): Promise<void> =>
  storeFile(server.archive.holdings.store, testOp({ institution: SITE, issuer: SITE }), chestOf(STUDY, true));

async function taskOf(served: TestServer): Promise<StudyStatus['tasks'][number]> {
  const { studies } = await asked<{ studies: StudyStatus[] }>(served, `/api/ai/studies/${STUDY}`);
  const task = studies[0]?.tasks[0];
  assert.ok(task !== undefined);
  return task;
}

type Attributes = { [tag: string]: { Value?: unknown[] } | undefined };

/** SOP Instance UIDs of a class that an archive has of the study. */
async function instancesOf(served: TestServer, modality: string): Promise<unknown[]> {
  const path = `/dicom-web/studies/${STUDY}/instances?Modality=${modality}`;
  return (await asked<Attributes[]>(served, path)).map((each) => each['00080018']?.Value?.[0]);
}

test('a result is sent to who asked, computed again from the archive, and withdrawn everywhere', async (t) => {
  const env = { ACERVO_INSTITUTION: SITE };
  const pacs = await testServer(t, { env: { ...env, ACERVO_AE_TITLE: PACS } });
  const known = { aeTitle: PACS, institution: SITE, host: '127.0.0.1', port: pacs.server.dimsePort };
  const archive = await testServer(t, { env, access: { systems: [known] } });
  const { database } = archive.server.archive;
  const { world, people } = await useDemoModel(t, archive, '*', SHARE);

  await storeChest(archive);
  const request = { studies: [STUDY], model: `${DEMO_MODEL.model}@${DEMO_MODEL.version}`, deadlineMinutes: 60 };
  await asked(archive, '/api/ai/requests', { ...request, deliverTo: [PACS] });
  await t.waitFor(async () => {
    const { deliveries } = await taskOf(archive);
    assert.deepEqual(
      deliveries.map(({ aeTitle, kind, state }) => [aeTitle, kind, state]),
      [[PACS, 'result', 'delivered']],
    );
  }, LATE);
  const { results } = await taskOf(archive);
  const [report = ''] = results;
  assert.deepEqual(await instancesOf(pacs, 'SR'), results, 'the very same objects');

  const same = await runCommand(archive.config, resultCommand, ['reproduce', report]);
  assert.deepEqual([same.code, same.text.startsWith(`reproduced ${report}: `)], [0, true], same.text);

  world.at(new Date().toISOString());
  await suspend(world, people.authority.op, DEMO_MODEL, { site: null, reason: 'falsos negativos' });
  await t.waitFor(async () => assert.notEqual((await taskOf(archive)).withdrawn, null), LATE);
  const notes = await t.waitFor(async () => {
    const found = await instancesOf(pacs, 'KO');
    assert.equal(found.length, 1, 'the note follows the result');
    return found;
  }, LATE);
  assert.deepEqual(await instancesOf(archive, 'KO'), notes);
  assert.deepEqual(await instancesOf(archive, 'SR'), [report], 'evidence stays to be read');
  const metadata = await asked<Attributes[]>(archive, `/dicom-web/studies/${STUDY}/metadata`);
  const note = metadata.find((each) => each['00080016']?.Value?.[0] === KEY_OBJECT_SELECTION);
  assert.match(JSON.stringify(note?.['0040A043']), /"113037"/);
  assert.match(JSON.stringify(note?.['0040A375']), new RegExp(report.replaceAll('.', '\\.')));

  const { withdrawals } = await asked<{ withdrawals: ToldNotice[] }>(archive, '/api/ai/withdrawn');
  assert.deepEqual(
    withdrawals.map(({ version, reasonEs, results: count, studies }) => [version, reasonEs, count, studies]),
    [['1.0.0', 'Versión del modelo suspendida por falla: falsos negativos', 1, 1]],
  );
  const listed = await runCommand(archive.config, aiCommand, ['withdrawn', withdrawals[0]?.id ?? '']);
  assert.match(listed.text, new RegExp(`^${SITE} ${STUDY.replaceAll('.', '\\.')} `));
  const metrics = await (await fetch(`${archive.url}/metrics`)).text();
  assert.match(metrics, /^acervo_ai_results_withdrawn_total 1$/m);
  assert.match(metrics, /^acervo_ai_deliveries_total\{outcome="delivered"\} 2$/m);

  // A model that may not run any more is still computed again: that is how its results are looked into.
  assert.equal((await runCommand(archive.config, resultCommand, ['reproduce', report])).code, 0);
  await database.asOwner((sql) => sql.query('delete from instance where sop_uid = $1', [IMAGE]));
  const gone = await runCommand(archive.config, resultCommand, ['reproduce', report]);
  assert.deepEqual([gone.code, gone.text.includes(`the image ${IMAGE} is gone`)], [3, true], gone.text);
});
