import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { goodManifest } from '@acervo/model/manifest/manifest.fixture.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { sweepExpired } from './expiry.job.ts';
import {
  approve,
  committee,
  demonstrate,
  limit,
  MODEL,
  OTHER_SITE,
  refusedBy,
  registered,
  SITE,
  startWorld,
  viewOf,
  type World,
} from './governance.fixture.ts';
import { revokeKey } from './keys.ts';
import { showApprovals, showHistory, showState } from './show.ts';
import { takeStep } from './steps.ts';
import { stopSite, suspend } from './stopping.ts';

const NATIONAL = { to: 'demostracion' } as const;
const process = testOp({ actor: { kind: 'process', id: 'model' }, door: 'cli' });

const toldRules = async ({ db }: World): Promise<string[]> => {
  const rows = await db.query<{ rules: string[] }>(
    `select event::jsonb #> '{facts,rules}' as rules from journal where kind = 'model.step-refused' order by id`,
  );
  return rows.flatMap(({ rules }) => rules);
};

test('a demonstration comes to limited use by its signatures, marked, and no further', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const digest = await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  const [running] = (await viewOf(world)).runningAt(SITE);
  const { package: name, stage, percentage, contentQualification, mark } = running ?? {};
  assert.deepEqual(
    [name, stage, percentage, contentQualification, mark],
    [digest, 'limitado', 10, 'RESEARCH', 'demostración'],
  );
  assert.deepEqual((await viewOf(world)).runningAt(OTHER_SITE), [], 'what one site signed counts at no other');
  const general = takeStep(world, people.chief.op, MODEL, { to: 'general', site: SITE, reason: 'más' });
  await assert.rejects(general, refusedBy('G37/edge'));
  const steps = await showHistory(world, process, MODEL);
  assert.deepEqual(
    steps.map(({ to }) => to),
    ['limitado', 'silencioso', 'instalado', 'demostracion', 'recibido'],
  );
  assert.equal((await showState(world, people.chief.op, MODEL)).mark, 'demostración');
  assert.ok((await toldRules(world)).includes('G37/edge'), 'a refusal stands in the journal');
});

test('what is for patients waits for evidence that cannot be produced yet', async () => {
  const world = await startWorld();
  const { validator } = await committee(world);
  await registered(world.db, MODEL, { useStatus: 'clinico' });
  await takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  const asked = takeStep(world, validator.op, MODEL, { to: 'documentado', site: null, reason: 'x' });
  await assert.rejects(
    asked,
    (thrown) => refusedBy('G13/vulnerabilities')(thrown) && (thrown as Failure).code === 'governance/unavailable',
  );
  await assert.rejects(
    takeStep(world, validator.op, MODEL, { to: 'demostracion', site: null, reason: 'x' }),
    refusedBy('G37/edge'),
  );
});

test('who brought the package does not approve it, and is told by which rule', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const developer = await world.hire('HUB', ['validator', '*']);
  await registered(world.db, MODEL, { by: developer.id });
  await takeStep(world, people.validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  await assert.rejects(approve(world, developer, 'validator', NATIONAL), refusedBy('G02/developer'));
  // Of another model of the same supplier, a conflict that has to be told.
  await registered(world.db, { model: 'mx.ssa.other', version: '1.0.0' });
  const other = { model: 'mx.ssa.other', version: '1.0.0' };
  await takeStep(world, people.validator.op, other, { to: 'recibido', site: null, reason: 'x' });
  await assert.rejects(approve(world, developer, 'validator', NATIONAL, { of: other }), refusedBy('G06/undeclared'));
  for (const conflicto of ['Ninguno', 'no', 'Trabajo para el proveedor'])
    await assert.rejects(
      approve(world, developer, 'validator', NATIONAL, { of: other, approval: { conflicto } }),
      refusedBy('G06/undeclared'),
    );
  const approval = { conflicto: `Trabajo para ${goodManifest().supplier.org.toUpperCase()}` };
  await approve(world, developer, 'validator', NATIONAL, { of: other, approval });
});

test('what was signed before a suspension brings nothing back, nor what was signed before another step', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const { chief, physicist } = people;
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'silencioso');
  const step = { to: 'limitado', site: SITE, percentage: 10 } as const;
  const signTwice = async (): Promise<void> => {
    for (const _ of [1, 2]) {
      await approve(world, chief, 'site-chief', step);
      await approve(world, physicist, 'medical-physicist', step);
    }
  };
  await signTwice();
  const asked = { ...step, reason: 'x', rootCause: 'escáner', correctiveAction: `sha256:${'d'.repeat(64)}` } as const;
  await takeStep(world, chief.op, MODEL, asked);
  await takeStep(world, chief.op, MODEL, { to: 'silencioso', site: SITE, reason: 'x' });
  const stale = refusedBy('G04/earlier', 'G03/signatures');
  await assert.rejects(takeStep(world, chief.op, MODEL, asked), stale);
  await suspend(world, chief.op, MODEL, { site: SITE, reason: 'x' });
  const silent = { to: 'silencioso', site: SITE } as const;
  await approve(world, chief, 'site-chief', silent);
  await approve(world, chief, 'site-chief', silent);
  await takeStep(world, chief.op, MODEL, { ...asked, ...silent, percentage: undefined });
  await signTwice();
  await takeStep(world, chief.op, MODEL, asked);
  await suspend(world, chief.op, MODEL, { site: SITE, reason: 'grave' });
  await signTwice();
  await takeStep(world, chief.op, MODEL, asked);
  await suspend(world, chief.op, MODEL, { site: SITE, reason: 'peor' });
  await assert.rejects(takeStep(world, chief.op, MODEL, asked), stale, 'what was left over is void');
  const shown = await showApprovals(world, chief.op, MODEL);
  assert.ok(shown.some(({ against }) => against.includes('G04/earlier')));
  await approve(world, chief, 'site-chief', step);
  await approve(world, physicist, 'medical-physicist', step);
  assert.equal((await takeStep(world, chief.op, MODEL, asked)).to, 'limitado', 'fresh ones count');
});

test('each way to sign wrongly is refused by its rule and leaves nothing', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const { validator, authority, chief } = people;
  await registered(world.db, MODEL);
  await takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  const sign = (over: Parameters<typeof approve>[4]) => approve(world, validator, 'validator', NATIONAL, over);
  const system = { ...validator.op, actor: { kind: 'system', id: 'PACS' } } as const;
  await assert.rejects(sign({ op: system }), refusedBy('G01/service-account'));
  await assert.rejects(sign({ op: process }), refusedBy('G01/service-account'));
  const weak = {
    ...validator.op,
    authentication: { strength: 'password' as const, methods: ['pwd'], at: new Date() },
  };
  await assert.rejects(sign({ op: weak }), refusedBy('G01/second-factor'));
  await assert.rejects(sign({ op: { ...weak, may: () => false } }), refusedBy('G01/second-factor'));
  await assert.rejects(sign({ op: authority.op }), refusedBy('G01/key'), 'what another one signed');
  await assert.rejects(sign({ alter: (text) => text.replace('ninguno', 'ningunO') }), refusedBy('G04/altered'));
  await assert.rejects(sign({ alter: (text) => ` ${text}` }), refusedBy('G04/altered'));
  const paquete = `sha256:${'0'.repeat(64)}` as const;
  await assert.rejects(sign({ approval: { paquete } }), refusedBy('G04/other-subject'));
  await assert.rejects(sign({ approval: { umbrales: paquete } }), refusedBy('G04/other-subject'));
  await assert.rejects(sign({ approval: { vence: '2026-11-29T12:00:00.000Z' } }), refusedBy('G05/expired'));
  await assert.rejects(sign({ approval: { vence: '2029-01-01T00:00:00.000Z' } }), refusedBy('G05/too-long'));
  await assert.rejects(sign({ approval: { rol: 'authority' } }), refusedBy('G03/role'));
  await assert.rejects(sign({ approval: { porcentaje: 5 } }), refusedBy('G37/percentage'));
  await assert.rejects(approve(world, chief, 'site-chief', NATIONAL), refusedBy('G03/role'));
  world.regrant(validator, ['validator', '*'], ['authority', '*']);
  await assert.rejects(sign({}), refusedBy('G02/incompatible'));
  world.regrant(validator, ['validator', '*']);
  assert.deepEqual(await world.db.query('select from model_approval'), [], 'nothing was kept of them');
  const rules = await toldRules(world);
  assert.equal(new Set(rules).size, 10, rules.join());
});

test('a step waits for all of its signatures; one that ends before counts no more', async () => {
  const world = await startWorld();
  const { validator, authority, officer } = await committee(world);
  await registered(world.db, MODEL);
  await takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  const step = () => takeStep(world, authority.op, MODEL, { to: 'demostracion', site: null, reason: 'x' });
  await approve(world, validator, 'validator', NATIONAL, { approval: { vence: '2026-12-01T00:00:00.000Z' } });
  await approve(world, authority, 'authority', NATIONAL);
  await assert.rejects(step(), refusedBy('G03/signatures'));
  await approve(world, officer, 'data-protection-officer', NATIONAL);
  world.at('2026-12-02T00:00:00.000Z');
  await assert.rejects(step(), refusedBy('G05/expired', 'G03/signatures'));
  await approve(world, validator, 'validator', NATIONAL);
  world.regrant(officer);
  await assert.rejects(step(), refusedBy('G03/role'), 'a role that ended');
  world.regrant(officer, ['data-protection-officer', '*']);
  await revokeKey(world, authority.op, authority.key, 'perdida');
  await assert.rejects(step(), refusedBy('G01/key'), 'a key that was lost');
});

test('the hub signs for no site, nor one site for another', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'instalado');
  const silent = { to: 'silencioso', site: SITE } as const;
  await assert.rejects(
    approve(world, people.authority, 'authority', silent, { approval: { institucion: '*' } }),
    refusedBy('G03/site'),
  );
  const stranger = await world.hire(OTHER_SITE, ['site-chief', OTHER_SITE]);
  await assert.rejects(
    approve(world, stranger, 'site-chief', silent, { approval: { institucion: OTHER_SITE } }),
    refusedBy('G03/site'),
  );
  await assert.rejects(approve(world, stranger, 'site-chief', silent), refusedBy('G03/role'));
  await assert.rejects(
    takeStep(world, people.authority.op, MODEL, { ...silent, reason: 'x' }),
    refusedBy('G01/role', 'G03/signatures'),
  );
});

test('a site stops everything in one act; another process knows when it has read on', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  const elsewhere = await viewOf(world);
  assert.equal(elsewhere.runningAt(SITE).length, 1);
  const radiologist = await world.hire(SITE, ['radiologist', SITE], ['site-chief', SITE]);
  world.regrant(radiologist, ['radiologist', SITE]);
  assert.equal((await stopSite(world, radiologist.op, SITE, 'resultados raros')).length, 1);
  await elsewhere.refresh();
  assert.deepEqual(elsewhere.runningAt(SITE), []);
  const again = { to: 'limitado', site: SITE, percentage: 10, reason: 'otra vez' } as const;
  await assert.rejects(
    takeStep(world, people.chief.op, MODEL, again),
    refusedBy('G50/corrective-action', 'G03/signatures'),
  );
  const mended = { ...again, rootCause: 'escáner', correctiveAction: `sha256:${'d'.repeat(64)}` } as const;
  await assert.rejects(takeStep(world, people.chief.op, MODEL, mended), refusedBy('G03/signatures'), 'fresh ones');
  await approve(world, people.chief, 'site-chief', { to: 'limitado', site: SITE, percentage: 10 });
  await approve(world, people.physicist, 'medical-physicist', { to: 'limitado', site: SITE, percentage: 10 });
  await takeStep(world, people.chief.op, MODEL, mended);
  await elsewhere.refresh();
  assert.equal(elsewhere.runningAt(SITE).length, 1);
});

test('glass is broken to suspend, for the nation too, and a nation that stopped runs nowhere', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  const radiologist = await world.hire(SITE, ['radiologist', SITE]);
  const refused = suspend(world, radiologist.op, MODEL, { site: null, reason: 'x' });
  await assert.rejects(refused, refusedBy('G01/role'));
  const administrator = await world.hire('HUB', ['administrator', '*']);
  const taken = await suspend(world, administrator.op, MODEL, { site: null, reason: 'alerta' });
  assert.equal(taken.cause, 'break-glass');
  assert.deepEqual((await viewOf(world)).runningAt(SITE), []);
  await assert.rejects(suspend(world, process, MODEL, { site: null, reason: 'x' }), refusedBy('G37/edge'));
});

test('an office counts where it is held: elsewhere whoever may stop breaks glass', async () => {
  const world = await startWorld();
  const people = await committee(world);
  const guest = await world.hire(OTHER_SITE, ['site-chief', OTHER_SITE], ['radiologist', SITE]);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  const at = { ...guest.op, institution: SITE };
  assert.equal((await suspend(world, at, MODEL, { site: SITE, reason: 'x' })).cause, 'break-glass');
  assert.equal((await suspend(world, people.authority.op, MODEL, { site: null, reason: 'x' })).cause, 'asked');
});

test('what expired runs nowhere at once, and the job writes it down once', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  world.at('2027-11-29T11:59:59.000Z');
  const memory = await viewOf(world);
  assert.equal(memory.runningAt(SITE).length, 1);
  world.at('2027-11-29T12:00:00.000Z');
  assert.deepEqual(memory.runningAt(SITE), []);
  assert.equal(await sweepExpired(world, process), 2, 'the nation, and the site');
  assert.equal(await sweepExpired(world, process), 0);
  const [last] = await showHistory(world, process, MODEL);
  assert.deepEqual([last?.to, last?.cause], ['suspendido', 'expired']);
  const rows = await world.db.query(`select from journal where kind = 'model.stepped' and event like '%"expired"%'`);
  assert.equal(rows.length, 2);
});

test('a larger share needs signatures of its own, and a share of 100 is none', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'limitado');
  const more = { to: 'limitado', site: SITE, percentage: 50, reason: 'más' } as const;
  await assert.rejects(takeStep(world, people.chief.op, MODEL, more), refusedBy('G03/signatures'));
  await limit(world, people, 50);
  assert.equal((await viewOf(world)).runningAt(SITE)[0]?.percentage, 50);
  const all = takeStep(world, people.chief.op, MODEL, { ...more, percentage: 100 });
  await assert.rejects(all, refusedBy('G37/percentage'));
});

test('a process that could not read on for long runs nothing', async () => {
  const world = await startWorld();
  const people = await committee(world);
  await registered(world.db, MODEL);
  await demonstrate(world, people, 'silencioso');
  const memory = await viewOf(world);
  assert.equal(memory.runningAt(SITE)[0]?.stage, 'silencioso');
  world.at('2026-11-29T12:00:46.000Z');
  assert.deepEqual(memory.runningAt(SITE), []);
  await memory.refresh();
  assert.equal(memory.runningAt(SITE).length, 1);
});

test('what is not there is not there', async () => {
  const world = await startWorld();
  const { validator } = await committee(world);
  const asked = takeStep(world, validator.op, MODEL, { to: 'recibido', site: null, reason: 'x' });
  await assert.rejects(asked, (thrown) => thrown instanceof Failure && thrown.code === 'request/not-found');
});
