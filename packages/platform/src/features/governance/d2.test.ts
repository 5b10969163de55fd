import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startWithPeople, until } from '../login/people.fixture.ts';
import { MODEL, registered } from './governance.fixture.ts';
import { approveOver, signerOf } from './signers.fixture.ts';

const VERSION = `/api/models/${MODEL.model}/versions/${MODEL.version}`;

const approve = (who: Awaited<ReturnType<typeof signerOf>>, asked: string) => approveOver(who, VERSION, asked);

test('D2: who developed a model tries to approve it, and is refused by name of the rule', async (t) => {
  const started = await startWithPeople(t);
  const { db, server } = started;
  const developer = await signerOf(started, 'dev', 'validator', '*');
  await registered(db, MODEL, { by: developer.id });
  const received = await developer.ask('POST', `${VERSION}/transitions`, { to: 'recibido', reason: 'entrega' });
  assert.equal(received.status, 200, JSON.stringify(received.body));
  const national = 'to=demostracion&role=';
  const refused = await approve(developer, `${national}validator`);
  assert.equal(refused.status, 403);
  // Who brought it is of its supplier, which it did not say.
  const rules = ['G02/developer', 'G06/undeclared'];
  assert.deepEqual(refused.body.rules, rules);

  const validator = await signerOf(started, 'val', 'validator', '*');
  const authority = await signerOf(started, 'aut', 'authority', '*');
  const officer = await signerOf(started, 'opd', 'data-protection-officer', '*');
  assert.equal((await approve(validator, `${national}validator`)).status, 200);
  const short = await authority.ask('POST', `${VERSION}/transitions`, { to: 'demostracion', reason: 'x' });
  assert.deepEqual([short.status, short.body.rules], [409, ['G03/signatures']]);
  assert.equal((await approve(authority, `${national}authority`)).status, 200);
  assert.equal((await approve(officer, `${national}data-protection-officer`)).status, 200);
  const taken = await authority.ask('POST', `${VERSION}/transitions`, { to: 'demostracion', reason: 'x' });
  assert.equal(taken.status, 200, JSON.stringify(taken.body));

  const hub = await authority.ask('POST', `${VERSION}/transitions`, { to: 'instalado', site: 'HGM', reason: 'x' });
  assert.deepEqual([hub.status, hub.body.rules], [403, ['G01/role']], 'the hub installs at no site');
  const chief = await signerOf(started, 'jefa', 'site-chief', 'HGM');
  const install = await chief.ask('POST', `${VERSION}/transitions`, { to: 'instalado', site: 'HGM', reason: 'x' });
  assert.equal(install.status, 200, JSON.stringify(install.body));
  assert.equal((await approve(chief, 'to=silencioso&role=site-chief&site=HGM')).status, 200);
  const silent = await chief.ask('POST', `${VERSION}/transitions`, { to: 'silencioso', site: 'HGM', reason: 'x' });
  assert.equal(silent.status, 200, JSON.stringify(silent.body));
  await until(() => Promise.resolve(server.modelStates.runningAt('HGM').length === 1));

  const forged = { to: 'limitado', site: 'HGM', reason: 'x', metrics: { auc: 0.99 } };
  assert.equal((await chief.ask('POST', `${VERSION}/transitions`, forged)).status, 400, 'evidence is not sent');
  const stopped = await chief.ask('POST', '/api/sites/HGM/ai/stop', { reason: 'alerta' });
  assert.equal(stopped.status, 200);
  const beganMs = Date.now();
  await until(() => Promise.resolve(server.modelStates.runningAt('HGM').length === 0));
  assert.ok(Date.now() - beganMs < 60_000);

  const told = await db.query<{ actor: string; rules: string[] }>(
    `select actor, event::jsonb #> '{facts,rules}' as rules from journal where kind = 'model.step-refused' order by id`,
  );
  assert.deepEqual(told[0], { actor: developer.id, rules }, 'and it stands in the journal');
});
