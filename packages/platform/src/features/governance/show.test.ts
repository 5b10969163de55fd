import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { Op } from '../../ports/op.ts';
import { draftApproval } from './approvals.ts';
import {
  approve,
  committee,
  MODEL,
  OTHER_SITE,
  registered,
  SITE,
  type Somebody,
  startWorld,
  type World,
} from './governance.fixture.ts';
import { revokeKey } from './keys.ts';
import { showApprovals, showHistory, showState } from './show.ts';
import { takeStep } from './steps.ts';

const op = testOp({ actor: { kind: 'process', id: 'model' }, door: 'cli' });
const NATIONAL = { to: 'demostracion' } as const;
const step = { ...NATIONAL, site: null, reason: 'comité' } as const;

/** By role, what stands against each approval. */
const against = async (world: World): Promise<[string, readonly string[]][]> =>
  (await showApprovals(world, op, MODEL)).map((given) => [
    (JSON.parse(given.document) as { rol: string }).rol,
    given.against,
  ]);

test('approvals say who gave them and by which rules they count for nothing', async () => {
  const world = await startWorld();
  const { validator, authority } = await committee(world);
  await registered(world.db, MODEL);
  await takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  await approve(world, validator, 'validator', NATIONAL);
  await approve(world, authority, 'authority', NATIONAL);
  assert.deepEqual(await against(world), [
    ['authority', []],
    ['validator', []],
  ]);
  const [{ name } = { name: '' }] = await showApprovals(world, op, MODEL);
  assert.equal(name, 'x', 'as the directory calls them');
  world.regrant(validator);
  assert.deepEqual((await against(world))[1], ['validator', ['G03/role']], 'a role that ended');
  world.regrant(validator, ['validator', '*']);
  await revokeKey(world, authority.op, authority.key, 'perdida');
  assert.deepEqual((await against(world))[0], ['authority', ['G01/key']], 'a key that was lost');
  world.at('2028-01-01T00:00:00.000Z');
  assert.deepEqual((await against(world))[1], ['validator', ['G05/expired']]);
});

test('what was used says so, and steps say who took them and who may take the next', async () => {
  const world = await startWorld();
  const { validator, authority, officer } = await committee(world);
  await registered(world.db, MODEL);
  await takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  await approve(world, validator, 'validator', NATIONAL);
  await approve(world, authority, 'authority', NATIONAL);
  await approve(world, officer, 'data-protection-officer', NATIONAL);
  const { national } = await showState(world, authority.op, MODEL);
  assert.deepEqual(national.next.find(({ to }) => to === 'demostracion')?.by, ['validator', 'authority']);
  await takeStep(world, authority.op, MODEL, step);
  assert.deepEqual(
    (await against(world)).map(([, rules]) => rules),
    [['G04/used'], ['G04/used'], ['G04/used']],
  );
  const [last] = await showHistory(world, op, MODEL);
  assert.deepEqual([last?.to, last?.actor, last?.name], ['demostracion', authority.id, 'x']);
});

test('a package of another institution is not there, for whoever does not decide for the nation', async () => {
  const world = await startWorld();
  const { authority, chief } = await committee(world);
  const elsewhere = await world.hire(OTHER_SITE, ['site-chief', OTHER_SITE]);
  await registered(world.db, MODEL);
  await world.db.asOwner((sql) => sql.query('update model set owner = $1 where id = $2', [SITE, MODEL.model]));
  const at = (who: Somebody): Op => ({ ...who.op, may: (_, institution) => institution === who.op.institution });
  const asked = { to: 'recibido', site: null, reason: 'x' } as const;
  const isMissing = (thrown: unknown) => thrown instanceof Failure && thrown.code === 'request/not-found';
  for (const ask of [
    (op: Op) => showState(world, op, MODEL),
    (op: Op) => showHistory(world, op, MODEL),
    (op: Op) => showApprovals(world, op, MODEL),
    (op: Op) =>
      draftApproval(world, op, MODEL, { to: 'recibido', site: null, role: 'validator', percentage: undefined }),
  ]) {
    await assert.rejects(ask(at(elsewhere)), isMissing);
    await ask(at(chief));
    await ask(at(authority));
  }
  await assert.rejects(takeStep(world, at(elsewhere), MODEL, asked), isMissing);
});
