import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, type temporaryDatabase } from '@acervo/testkit/postgres.ts';
import type { System } from '../../ports/systems.ts';
import { addSystem, importSystems, readSystemsFile, removeSystem, setSystem, systemsFileText } from './change.ts';
import { ACCESS_FILE_SYSTEM, fieldOf } from './description.ts';
import { Registry } from './registry.ts';

const op = testOp();
const CT1 = { aeTitle: 'CT1', institution: 'HGM' };

async function prepared(t: Parameters<typeof temporaryDatabase>[0], fixed: readonly System[] = []) {
  const db = await migratedDatabase(t);
  const registry = new Registry(db, fixed, silentLog);
  await registry.refresh();
  return { db, registry };
}

const refusedAs = (code: string, about: RegExp) => (thrown: unknown) =>
  thrown instanceof Failure && thrown.code === code && about.test(thrown.detail);

test('what one process describes, another knows after it has read on; every change is an event', async (t) => {
  const { db, registry } = await prepared(t);
  const other = new Registry(db, [], silentLog);
  assert.deepEqual(await addSystem(db, op, CT1), {
    aeTitle: 'CT1',
    how: 'added',
    fields: ['aeTitle', 'institution', 'kind', 'tls', 'certificates', 'may', 'isMoveDestination', 'transferSyntaxes'],
  });
  assert.equal(registry.systems.byAeTitle('CT1'), undefined);
  await registry.refresh();
  assert.deepEqual(registry.systems.byAeTitle('CT1')?.may, ['echo', 'store'], 'no more than it was given');
  await setSystem(db, op, 'CT1', { host: '10.0.0.7', port: 104, isMoveDestination: true });
  await addSystem(db, op, { ...CT1, aeTitle: 'CT2' });
  await removeSystem(db, op, 'CT2');
  for (const each of [registry, other]) {
    await each.refresh();
    assert.deepEqual(
      each.systems.list().map(({ aeTitle }) => aeTitle),
      ['CT1'],
    );
    assert.equal(each.systems.destination('CT1')?.port, 104);
  }
  const events = await db.query<{ kind: string; event: string }>('select kind, event from journal order by xid, id');
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['system.described', 'system.described', 'system.described', 'system.removed'],
  );
  const { facts, actor } = JSON.parse(events[1]?.event ?? '') as { facts: { changed: string[] }; actor: object };
  assert.deepEqual([facts.changed, actor], [['host', 'port', 'isMoveDestination'], op.actor]);
});

test('changes at the same time are made one after the other', async (t) => {
  const { db, registry } = await prepared(t);
  const names = Array.from({ length: 12 }, (_, index) => `CT${index}`);
  await Promise.all(names.map((aeTitle) => addSystem(db, op, { ...CT1, aeTitle })));
  await registry.refresh();
  assert.deepEqual(
    registry.systems
      .list()
      .map(({ aeTitle }) => aeTitle)
      .sort(),
    names.sort(),
  );
});

test('nonsense is refused, and nothing is kept of it', async (t) => {
  const { db, registry } = await prepared(t);
  await addSystem(db, op, CT1);
  await assert.rejects(addSystem(db, op, CT1), refusedAs('request/invalid', /known already/));
  for (const wrong of [{ port: 0 }, { institution: 'hgm' }, { may: ['fly'] }, { certificates: ['sha256:12'] }]) {
    await assert.rejects(setSystem(db, op, 'CT1', wrong), refusedAs('request/invalid', /./));
  }
  await assert.rejects(setSystem(db, op, 'CT1', { aeTitle: 'CT9' }), refusedAs('request/invalid', /cannot change/));
  await assert.rejects(setSystem(db, op, 'CT9', {}), refusedAs('request/not-found', /CT9/));
  await assert.rejects(removeSystem(db, op, 'CT9'), refusedAs('request/not-found', /CT9/));
  const denied = testOp({
    allow: (action) => {
      throw new Failure('access/denied', action);
    },
  });
  await assert.rejects(removeSystem(db, denied, 'CT1'), refusedAs('access/denied', /administer/));
  await registry.refresh();
  assert.equal(registry.systems.list().length, 1);
  assert.equal((await db.query('select from journal')).length, 1);
});

test('the registry goes before the access file, which comes back when the registry lets go', async (t) => {
  const { db, registry } = await prepared(t, [ACCESS_FILE_SYSTEM.parse({ ...CT1, issuer: 'FILE' })]);
  assert.equal(registry.systems.byAeTitle('CT1')?.issuer, 'FILE');
  assert.equal(registry.systems.byAeTitle('CT1')?.may.length, 6, 'as before there was a registry');
  await addSystem(db, op, { ...CT1, issuer: 'REGISTRY' });
  await registry.refresh();
  assert.equal(registry.systems.byAeTitle('CT1')?.issuer, 'REGISTRY');
  await removeSystem(db, op, 'CT1');
  await registry.refresh();
  assert.equal(registry.systems.byAeTitle('CT1')?.issuer, 'FILE');
});

test('the exported file makes the same registry elsewhere; a dry run only tells', async (t) => {
  const here = await prepared(t);
  const elsewhere = await prepared(t);
  await addSystem(here.db, op, { ...CT1, facility: 'DFSSA001234', vendor: 'Ñandú', certificates: ['dns:ct1.hgm.mx'] });
  await addSystem(here.db, op, { ...CT1, aeTitle: 'WS', host: 'ws', port: 104, may: ['echo', 'find', 'move'] });
  await here.registry.refresh();
  const text = systemsFileText(here.registry.systems.list());
  const file = readSystemsFile(text);
  await addSystem(elsewhere.db, op, { ...CT1, aeTitle: 'OLD' });
  const how = (changes: { how: string }[]): string[] => changes.map((change) => change.how);
  const dry = await importSystems(elsewhere.db, op, file, { isDryRun: true, isWhole: true });
  assert.deepEqual(how(dry), ['added', 'added', 'removed']);
  await elsewhere.registry.refresh();
  assert.equal(elsewhere.registry.systems.list().length, 1, 'nothing was done');
  assert.deepEqual(await importSystems(elsewhere.db, op, file, { isDryRun: false, isWhole: true }), dry);
  await elsewhere.registry.refresh();
  assert.equal(systemsFileText(elsewhere.registry.systems.list()), text);
  const again = await importSystems(elsewhere.db, op, file, { isDryRun: false, isWhole: false });
  assert.deepEqual(how(again), ['unchanged', 'unchanged']);
  assert.throws(() => readSystemsFile('{'), refusedAs('request/invalid', /JSON/));
  assert.throws(() => readSystemsFile(JSON.stringify({ systems: [CT1, CT1] })), refusedAs('request/invalid', /twice/));
});

test('a field told as text is what it says, or is refused by its schema', () => {
  assert.deepEqual(fieldOf('may', 'echo, find'), ['echo', 'find']);
  assert.deepEqual([fieldOf('port', '104'), fieldOf('port', '1e2'), fieldOf('port', '')], [104, '1e2', undefined]);
  assert.deepEqual([fieldOf('tls', 'yes'), fieldOf('tls', 'perhaps')], [true, 'perhaps']);
});
