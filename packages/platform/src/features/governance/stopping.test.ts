import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followModelStates } from '../../apps/model-states.ts';
import {
  committee,
  demonstrate,
  MODEL,
  NEWER,
  refusedBy,
  registered,
  SITE,
  startWorld,
  viewOf,
} from './governance.fixture.ts';
import { rollBack, stopSite } from './stopping.ts';

test('a newer version takes the place of the one in use; one act brings that back while it is approved', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  const newer = await registered(world.db, NEWER, { threshold: 0.5 });
  await demonstrate(world, people, 'limitado');
  await assert.rejects(rollBack(world, people.chief.op, SITE, MODEL.model, 'x'), refusedBy('G56/rollback'));
  world.at('2027-01-01T00:00:00.000Z');
  await demonstrate(world, people, 'limitado', NEWER);
  const memory = await viewOf(world);
  const versions = () => memory.runningAt(SITE).map(({ version, stage }) => `${version} ${stage}`);
  assert.deepEqual(versions(), ['1.1.0 limitado']);
  const steps = await rollBack(world, people.chief.op, SITE, MODEL.model, 'peor');
  assert.deepEqual(
    steps.map(({ version, to }) => `${version} ${to}`),
    ['1.1.0 suspendido', '1.0.0 limitado'],
  );
  await memory.refresh();
  assert.deepEqual(versions(), ['1.0.0 limitado']);
  assert.equal(memory.runningAt(SITE)[0]?.percentage, 10);
  // Nothing of the newer one was given back, and what was used is used.
  const [held] = await world.db.query<{ state: string }>(
    `select state from model_state where package = $1 and site = $2`,
    [newer, SITE],
  );
  assert.equal(held?.state, 'suspendido');
});

test('a stop counts within 60 s and a rollback within 5 min, in a process that follows as servers do', async (t) => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await registered(world.db, NEWER);
  await demonstrate(world, people, 'limitado');
  await demonstrate(world, people, 'limitado', NEWER);
  const [server, ending] = [await viewOf(world), new AbortController()];
  const following = followModelStates(server, ending.signal);
  const within = async (seconds: number, act: () => Promise<unknown>, expected: string[]): Promise<void> => {
    const from = performance.now();
    await act();
    const versions = () => server.runningAt(SITE).map(({ version }) => version);
    await t.waitFor(() => assert.deepEqual(versions(), expected), { timeout: seconds * 1_000, interval: 20 });
    assert.ok(performance.now() - from < seconds * 1_000);
  };
  try {
    await within(300, () => rollBack(world, people.chief.op, SITE, MODEL.model, 'peor'), ['1.0.0']);
    await within(60, () => stopSite(world, people.chief.op, SITE, 'alto'), []);
  } finally {
    ending.abort();
    await following;
  }
});

test('what a site has stopped does not come back by a rollback, which needs no fresh signature', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await registered(world.db, NEWER);
  await demonstrate(world, people, 'limitado');
  await demonstrate(world, people, 'limitado', NEWER);
  await stopSite(world, people.chief.op, SITE, 'alto');
  await assert.rejects(rollBack(world, people.chief.op, SITE, MODEL.model, 'x'), refusedBy('G46/stopped'));
  assert.deepEqual((await viewOf(world)).runningAt(SITE), []);
});

test('a rollback to what has expired is refused', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await registered(world.db, NEWER);
  await demonstrate(world, people, 'limitado');
  world.at('2027-06-01T00:00:00.000Z');
  await demonstrate(world, people, 'limitado', NEWER);
  world.at('2027-12-01T00:00:00.000Z');
  await assert.rejects(rollBack(world, people.chief.op, SITE, MODEL.model, 'x'), refusedBy('G56/rollback'));
  assert.deepEqual(
    (await viewOf(world)).runningAt(SITE).map(({ version }) => version),
    [NEWER.version],
    'as it was',
  );
});
