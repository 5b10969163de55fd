import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { Envelope } from '../../journal/event.ts';
import { compareSilent } from './compare.ts';
import { forgetOnce } from './retire.job.ts';
import { MODEL, openStore, PACKAGE, RETIRED, report, said, taskOf } from './silent.fixture.ts';

const HGM = { institution: 'HGM', ...MODEL };
const failsWith = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

type Opened = Awaited<ReturnType<typeof openStore>>;

/** The row that a registry has of a package. */
async function registered({ db }: Opened, digest: string, version: string): Promise<void> {
  const { model } = MODEL;
  await db.query(
    `insert into model (id, owner, name, received_at) values ($1, '*', $1, now()) on conflict do nothing`,
    [model],
  );
  await db.query(
    `insert into model_package (digest, model, version, manifest, manifest_digest, envelope_digest, signers,
       size_bytes, institution, received_at, received_by, judgement, event)
     values ($1, $2, $3, '{}', $1, $1, '{}', 1, 'HUB', now(), 'x', '{}', $4)`,
    [digest, model, version, newId()],
  );
}

async function events({ db }: Opened): Promise<Envelope[]> {
  const rows = await db.query<{ event: string }>(`select event from journal where kind like 'ai-silent.%' order by id`);
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

async function keep({ sink }: Opened, scores: readonly number[], over: Parameters<typeof taskOf>[1] = {}) {
  for (const [number, score] of scores.entries()) {
    const task = taskOf(number, over);
    await sink.keep(task, { said: said(score), objects: [report(task.studyUid)] });
  }
}

test('a silent version is told in counts: whole blocks, no small cell, and who looked is in the journal', async (t) => {
  const opened = await openStore(t);
  const { db, store, by } = opened;
  await registered(opened, PACKAGE, MODEL.version);
  await keep(
    opened,
    Array.from({ length: 19 }, () => 0.85),
  );
  const op = testOp({ institution: 'HGM' });
  const none = await compareSilent({ db, store }, op, HGM);
  assert.deepEqual([none.studies, none.outputs], [0, []], 'less than a block');
  await keep(opened, [...Array.from({ length: 20 }, () => 0.15), 0.85]);
  await keep(opened, [0.4], { institution: 'IMSS' });
  const told = await compareSilent({ db, store }, op, HGM);
  assert.equal(told.studies, 40);
  assert.deepEqual(told.outputs[0]?.says, [
    { name: 'present', count: 20 },
    { name: 'absent', count: 20 },
  ]);
  assert.deepEqual(
    told.outputs[0]?.scores.find(({ name }) => name === '0.8'),
    { name: '0.8', count: 20 },
  );
  await keep(opened, [0.99]);
  assert.deepEqual(await compareSilent({ db, store }, op, HGM), told, 'one study more is not to be seen');
  const other = await compareSilent({ db, store: by(randomBytes(32)) }, op, HGM);
  assert.deepEqual([other.unreadable, other.outputs], [40, []], 'by another key nothing opens');
  const looks = await events(opened);
  assert.deepEqual(looks.at(-1)?.facts, { ...MODEL, package: PACKAGE, studies: 40 });
  assert.equal(looks.length, 4);
});

test('who may not, an unknown version, a store that is not open: typed failures', async (t) => {
  const opened = await openStore(t);
  const { db, store } = opened;
  const refuse = (): never => {
    throw new Failure('access/denied', 'x');
  };
  await assert.rejects(compareSilent({ db, store }, testOp({ allow: refuse }), HGM), failsWith('access/denied'));
  await assert.rejects(compareSilent({ db, store }, testOp(), HGM), failsWith('request/not-found'));
  await registered(opened, PACKAGE, MODEL.version);
  await assert.rejects(compareSilent({ db, store: undefined }, testOp(), HGM), failsWith('model/no-silent-store'));
  assert.deepEqual(await events(opened), []);
});

test('what a model said in silence is deleted when the nation retires it, and nothing else', async (t) => {
  const opened = await openStore(t);
  const { db, store, folder } = opened;
  await keep(opened, [0.1, 0.2], { package: RETIRED });
  await keep(opened, [0.3]);
  assert.deepEqual(await forgetOnce({ db, store }), []);
  await registered(opened, RETIRED, '0.9.0');
  await db.asOwner((sql) =>
    sql.query(
      `insert into model_state (package, site, model, track, state, revision)
       values ($1, '', $2, 'demostracion', 'retirado', 1)`,
      [RETIRED, MODEL.model],
    ),
  );
  assert.deepEqual(await forgetOnce({ db, store }), [RETIRED]);
  assert.deepEqual(await store.sql.query('select package from silent.result'), [{ package: PACKAGE }]);
  assert.deepEqual([existsSync(join(folder, RETIRED)), existsSync(join(folder, PACKAGE))], [false, true]);
  assert.deepEqual((await events(opened)).at(-1)?.facts, { package: RETIRED, studies: 2 });
  assert.deepEqual(await forgetOnce({ db, store }), [], 'once');
});
