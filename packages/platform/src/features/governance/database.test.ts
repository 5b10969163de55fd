import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { EDGES } from '@acervo/model/lifecycle/machine.ts';
import {
  approve,
  committee,
  demonstrate,
  MODEL,
  registered,
  SITE,
  startWorld,
  type World,
} from './governance.fixture.ts';
import { putStep, type StepRow, stateOf, statesAt } from './governance.repo.ts';
import { takeStep } from './steps.ts';

/** What the database holds against whoever has the application's rights, without the service before it. */
type Row = Pick<StepRow, 'package' | 'edge' | 'scope' | 'from' | 'to'> & Partial<StepRow>;

const rowOf = (row: Row): StepRow => ({
  revision: 1_000_000,
  id: newId(),
  site: row.scope === 'sitio' ? SITE : '',
  track: 'demostracion',
  percentage: row.to === 'limitado' ? 10 : null,
  cause: 'asked',
  actorKind: 'person',
  actor: 'x',
  at: '2026-11-29T12:00:00.000Z',
  statement: {},
  verdicts: [],
  approvals: [],
  reliesOn: null,
  ...row,
});

const refusesRow = async ({ db }: World, row: Row): Promise<void> => {
  await assert.rejects(putStep(db, rowOf(row)), (thrown) => {
    assert.ok(thrown instanceof Failure);
    const { code = '' } = thrown.cause as { code?: string };
    assert.match(code, /^23/, `${String(row.edge)}: ${thrown.detail}`);
    return true;
  });
};

test('the database knows the same machine as the code', async () => {
  const { db } = await startWorld();
  const rows = await db.query(
    `select id, scope, track, from_state as "from", to_state as "to", slots as signatures, is_restored as "isRestored"
     from model_edge order by id`,
  );
  const known = EDGES.map(({ id, scope, track = '', from, to, signatures, isRestored = false }) => {
    return { id, scope, track, from, to, signatures, isRestored };
  });
  assert.deepEqual(
    rows,
    known.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  );
});

test('a step that is no edge, from another state, or without its signatures, is refused by the database', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const digest = await registered(world.db, MODEL);
  const of = { package: digest, scope: 'nacional' } as const;
  const received = { ...of, edge: 'nacional/borrador/recibido', from: 'borrador', to: 'recibido' } as const;
  await refusesRow(world, { ...received, to: 'aprobado_nacional' });
  await refusesRow(world, { ...received, edge: 'nacional/borrador/aprobado_nacional', to: 'aprobado_nacional' });
  const shown = {
    ...of,
    edge: 'nacional/recibido/demostracion/demostracion',
    from: 'recibido',
    to: 'demostracion',
  } as const;
  await refusesRow(world, shown);
  await takeStep(world, people.validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  await refusesRow(world, received);
  await refusesRow(world, shown);
  await refusesRow(world, { ...shown, track: 'clinico' });
  const nation = { to: 'demostracion' } as const;
  const { id: one } = await approve(world, people.validator, 'validator', nation);
  const { id: two } = await approve(world, people.authority, 'authority', nation);
  await refusesRow(world, { ...shown, approvals: [one, two] });
  await refusesRow(world, { ...shown, approvals: [one, two, two] });
  const { id: three } = await approve(world, people.officer, 'data-protection-officer', nation);
  await refusesRow(world, { ...shown, approvals: [one, two, newId()] });
  await refusesRow(world, { ...shown, approvals: [one, two, three], at: '2028-01-01T00:00:00.000Z' });
  await refusesRow(world, { ...shown, approvals: [one, two, three], reliesOn: 1 });
  await putStep(world.db, rowOf({ ...shown, approvals: [one, two, three] }));
  assert.equal((await stateOf(world.db, digest, ''))?.state, 'demostracion');
  const limited = { package: digest, scope: 'sitio', edge: 'sitio/silencioso/limitado/demostracion' } as const;
  await refusesRow(world, { ...limited, from: 'silencioso', to: 'limitado', revision: 1_000_001 });
  await refusesRow(world, { ...limited, from: 'silencioso', to: 'limitado', percentage: 100, revision: 1_000_001 });
  await refusesRow(world, {
    package: digest,
    scope: 'sitio',
    edge: 'sitio/limitado/general/clinico',
    from: 'limitado',
    to: 'general',
    revision: 1_000_001,
  });
});

test('a signature that was used is not used again, and suspension is no way round', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const digest = await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  const [used] = await world.db.query<{ approvals: string[] }>(
    `select approvals::text[] as approvals from model_transition where to_state = 'limitado'`,
  );
  const step = { package: digest, scope: 'sitio' } as const;
  await takeStep(world, people.chief.op, MODEL, { to: 'silencioso', site: SITE, reason: 'menos' });
  const again = {
    ...step,
    edge: 'sitio/silencioso/limitado/demostracion',
    from: 'silencioso',
    to: 'limitado',
  } as const;
  await refusesRow(world, { ...again, approvals: used?.approvals ?? [] });
  const suspended = { ...step, edge: 'sitio/silencioso/suspendido', from: 'silencioso', to: 'suspendido' } as const;
  await putStep(world.db, rowOf({ ...suspended, revision: 999_999 }));
  const resumed = {
    ...step,
    edge: 'sitio/suspendido/limitado/demostracion',
    from: 'suspendido',
    to: 'limitado',
  } as const;
  await refusesRow(world, { ...resumed, approvals: used?.approvals ?? [] });
  assert.equal((await statesAt(world.db, SITE))[0]?.state, 'suspendido');
});

test('history, approvals and states are not to be changed by the application, nor history by the owner', async () => {
  const world = await startWorld();
  await registered(world.db, MODEL);
  await demonstrate(world, await committee(world), 'limitado');
  const attempts = [
    `update model_state set state = 'general'`,
    'delete from model_state',
    `insert into model_state select package, 'X', model, track, state, 10, null, null, 99 from model_state limit 1`,
    `update model_transition set cause = 'asked'`,
    'delete from model_transition',
    'truncate model_transition',
    `update model_approval set document = '{}'`,
    'delete from model_approval',
    'delete from model_transition_approval',
    'delete from model_edge',
    `insert into model_edge values ('x', 'sitio', '', 'instalado', 'general', '[]', false)`,
    'alter table model_transition disable trigger all',
    'alter table model_approval disable trigger all',
  ];
  for (const attempt of attempts) {
    await assert.rejects(world.db.query(attempt), (thrown) => thrown instanceof Failure, attempt);
  }
  await assert.rejects(world.db.asOwner((sql) => sql.query(`update model_transition set cause = 'asked'`)));
  await assert.rejects(world.db.asOwner((sql) => sql.query('delete from model_approval')));
});

test('an approval by a key that is not of who it names is refused by the database', async () => {
  const world = await startWorld();
  const { validator, authority } = await committee(world);
  await registered(world.db, MODEL);
  await takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  await approve(world, validator, 'validator', { to: 'demostracion' });
  const copied = world.db.query(
    `insert into model_approval (id, package, document, signature, key, strength, received_at, revision, event)
     select $1, package, document, signature, $2, strength, received_at, 77, event from model_approval`,
    [newId(), authority.key],
  );
  await assert.rejects(copied, (thrown) => thrown instanceof Failure);
});
