import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Envelope } from '../../journal/event.ts';
import {
  committee,
  demonstrate,
  MODEL,
  NEWER,
  registered,
  SITE,
  startWorld,
  type World,
} from './governance.fixture.ts';
import { governanceProjection } from './projection.ts';
import { rollBack, stopSite } from './stopping.ts';

const TABLES = [
  'select * from approver_key order by key',
  'select * from model_approval order by id',
  'select * from model_transition order by revision',
  'select * from model_transition_approval order by approval',
  'select * from model_state order by package, site',
];
const dump = ({ db }: World) => Promise.all(TABLES.map((text) => db.query(text)));

async function eventsOf({ db }: World): Promise<Envelope[]> {
  const rows = await db.query<{ event: string }>('select event from journal where kind = any($1::text[]) order by id', [
    governanceProjection.kinds,
  ]);
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

const forget = ({ db }: World) =>
  db.asOwner((sql) =>
    sql.query('truncate approver_key, model_approval, model_transition, model_transition_approval, model_state'),
  );

async function lived(): Promise<World> {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await registered(world.db, NEWER);
  await demonstrate(world, people, 'limitado');
  await demonstrate(world, people, 'limitado', NEWER);
  await rollBack(world, people.chief.op, SITE, MODEL.model, 'peor');
  await stopSite(world, people.chief.op, SITE, 'alerta');
  return world;
}

test('the journal alone gives the same states, and gives them twice without harm', async () => {
  const world = await lived();
  const before = await dump(world);
  const events = await eventsOf(world);
  await forget(world);
  for (let at = 0; at < events.length; at += 3) {
    await world.db.transaction((sql) => governanceProjection.apply(sql, events.slice(at, at + 3)));
  }
  assert.deepEqual(await dump(world), before);
  await world.db.transaction((sql) => governanceProjection.apply(sql, events));
  assert.deepEqual(await dump(world), before);
});

test('of a journal with a hole nothing comes to use for which a signature is missing', async () => {
  const world = await lived();
  const events = await eventsOf(world);
  const approvals = events.filter(({ kind }) => kind === 'model.approved');
  for (const missing of approvals) {
    await forget(world);
    const rest = events.filter((event) => event !== missing);
    await world.db.transaction((sql) => governanceProjection.apply(sql, rest));
    const [{ unsigned } = { unsigned: -1 }] = await world.db.query<{ unsigned: number }>(
      `select count(*)::int as unsigned from model_transition where not (approvals <@
         (select array_agg(id) from model_approval))`,
    );
    assert.equal(unsigned, 0);
  }
});
