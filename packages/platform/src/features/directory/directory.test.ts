import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog } from '@acervo/testkit/postgres.ts';
import type { Role } from '../../ports/directory.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { importFacilities } from './facilities.ts';
import { describeInstitution } from './institutions.ts';
import { describePerson, endRole, grantRole, removePerson, setActive } from './people.ts';
import { importSeed, readSeedText, seedText } from './seed.ts';
import { clearSensitive, markSensitive, showSensitivities } from './sensitivity.ts';
import { DirectoryView } from './view.ts';

const op = testOp();
const HGM = { code: 'HGM', name: 'Hospital General de México' };
const ANA = { login: 'ana@hgm.example', name: 'Ana Núñez', institution: 'HGM' };
const DAY_MS = 86_400_000;

async function prepared(t: TestContext): Promise<{ db: Db; view: DirectoryView }> {
  const db = await migratedDatabase(t);
  await describeInstitution(db, op, HGM);
  const view = new DirectoryView(db, silentLog);
  await view.refresh();
  return { db, view };
}

const refusedAs =
  (code: string, about = /./) =>
  (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === code && about.test(thrown.detail);

/** Who administers some institutions only. */
const administers = (...institutions: string[]): Op =>
  testOp({
    ...seeing(...institutions),
    allow: (action, institution) => {
      if (!institutions.includes(institution)) throw new Failure('access/denied', `${action} at ${institution}`);
    },
  });

const inDays = (days: number): string => new Date(Date.now() + days * DAY_MS).toISOString();

const rolesAt = (view: DirectoryView, person: string, institution = 'HGM', days = 0): readonly Role[] =>
  view.rolesOf(person, institution, new Date(Date.now() + days * DAY_MS));

test('what one process says of a person, another knows after it has read on; every change is an event', async (t) => {
  const { db, view } = await prepared(t);
  const before = view.revision;
  const { person, how } = await describePerson(db, op, { ...ANA, login: 'Ana@HGM.example' });
  assert.equal(how, 'added');
  assert.equal(view.person(person), undefined);
  assert.equal((await grantRole(db, op, person, { role: 'radiologist', institution: 'HGM' })).how, 'added');
  await grantRole(db, op, ANA.login, { role: 'steward', institution: '*', from: inDays(1), until: inDays(2) });
  await view.refresh();
  assert.equal(view.personByLogin('ANA@hgm.example')?.id, person);
  assert.equal(view.revision, before + 3);
  assert.deepEqual(rolesAt(view, person), ['radiologist']);
  assert.deepEqual(rolesAt(view, person, 'IMSS'), []);
  assert.deepEqual(rolesAt(view, person, 'IMSS', 1.5), ['steward'], 'everywhere, tomorrow');
  assert.deepEqual(rolesAt(view, person, 'HGM', 3), ['radiologist']);
  assert.deepEqual(rolesAt(view, person, 'HGM', -1), []);

  await endRole(db, op, person, { role: 'radiologist', institution: 'HGM' });
  await setActive(db, op, person, false);
  await describePerson(db, op, { ...ANA, id: person, name: 'Ana Núñez Ibáñez' });
  await view.refresh();
  assert.deepEqual(rolesAt(view, person, 'IMSS', 1.5), [], 'nothing for who is not active');
  await setActive(db, op, person, true);
  await view.refresh();
  assert.deepEqual(rolesAt(view, person, 'HGM', 0.1), []);
  assert.deepEqual(rolesAt(view, person, 'HGM', 1.5), ['steward']);
  await removePerson(db, op, person);
  await view.refresh();
  assert.deepEqual([view.person(person), view.personByLogin(ANA.login)], [undefined, undefined]);
  assert.deepEqual(rolesAt(view, person, 'HGM', 1.5), []);
  await assert.rejects(describePerson(db, op, { ...ANA, id: person }), refusedAs('request/invalid', /removed/));
  const events = await db.query<{ kind: string; event: string }>('select kind, event from journal order by xid, id');
  assert.deepEqual(
    events.slice(0, -2).map(({ kind }) => kind),
    [
      'institution.described',
      'person.described',
      'role.granted',
      'role.granted',
      'role.ended',
      'person.described',
      'person.described',
      'person.described',
    ],
  );
  const last = events.slice(-2).map(({ kind }) => kind);
  assert.deepEqual(last.toSorted(), ['person.removed', 'role.ended'], 'of one transaction, in whichever order');
  assert.deepEqual((JSON.parse(events[1]?.event ?? '') as { actor: object }).actor, op.actor);
});

test('a person has one login, nobody has the CURP of a person, and an institution is known before', async (t) => {
  const { db } = await prepared(t);
  const { person } = await describePerson(db, op, ANA);
  assert.deepEqual(await describePerson(db, op, ANA), { person, how: 'unchanged' });
  assert.deepEqual(await describePerson(db, op, { ...ANA, name: 'Ana N.' }), { person, how: 'changed' });
  assert.deepEqual(await describePerson(db, op, { ...ANA, id: person, login: 'ana' }), { person, how: 'changed' });
  const { person: other } = await describePerson(db, op, ANA);
  assert.notEqual(other, person, 'the login was free again');
  await assert.rejects(describePerson(db, op, { ...ANA, id: person }), refusedAs('request/invalid', /another person/));
  for (const wrong of [
    { login: 'with space' },
    { login: 'SABC560626MDFLRN01' },
    { name: 'SABC560626MDFLRN01' },
    { name: ' ' },
    { institution: 'hgm' },
    { institution: 'IMSS' },
  ])
    await assert.rejects(describePerson(db, op, { ...ANA, ...wrong }), refusedAs('request/invalid'));
  await assert.rejects(grantRole(db, op, 'nobody', { role: 'steward', institution: 'HGM' }), {
    code: 'request/not-found',
  });
  await assert.rejects(grantRole(db, op, person, { role: 'steward', institution: 'IMSS' }), {
    code: 'request/invalid',
  });
});

test('a pair of incompatible roles is refused and named, also of two grants at the same moment', async (t) => {
  const { db, view } = await prepared(t);
  const { person } = await describePerson(db, op, ANA);
  const grants = [
    grantRole(db, op, person, { role: 'validator', institution: '*' }),
    grantRole(db, op, person, { role: 'site-chief', institution: 'HGM' }),
  ];
  const [refused, ...more] = (await Promise.allSettled(grants)).filter(({ status }) => status === 'rejected');
  assert.deepEqual(more, []);
  assert.ok(refused?.status === 'rejected');
  assert.ok(refusedAs('directory/incompatible', /^validator with site-chief \(.* at .*\): /)(refused.reason));
  await view.refresh();
  const [held] = view.person(person)?.roles ?? [];
  assert.ok(held !== undefined && ['validator', 'site-chief'].includes(held.role));
  await endRole(db, op, person, { role: held.role, institution: held.institution, at: inDays(10) });
  const other = held.role === 'validator' ? 'site-chief' : 'validator';
  await grantRole(db, op, person, { role: other, institution: 'HGM', from: inDays(10) });
  await assert.rejects(
    grantRole(db, op, person, { role: 'auditor', institution: 'HGM', from: inDays(20) }),
    refusedAs('directory/incompatible', /auditor/),
  );
  await grantRole(db, op, person, { role: 'auditor', institution: 'HGM', from: inDays(-20), until: inDays(-10) });
});

test('a role ends now or later, once; what was cannot be said anew', async (t) => {
  const { db, view } = await prepared(t);
  const { person } = await describePerson(db, op, ANA);
  const role = { role: 'steward', institution: 'HGM' } as const;
  const from = inDays(-3);
  await grantRole(db, op, person, { ...role, from });
  assert.equal((await grantRole(db, op, person, role)).how, 'unchanged', 'it is held');
  assert.equal((await grantRole(db, op, person, { ...role, from, until: inDays(5) })).how, 'changed');
  await assert.rejects(grantRole(db, op, person, { ...role, from: inDays(4) }), refusedAs('request/invalid', /held/));
  await assert.rejects(endRole(db, op, person, { ...role, at: inDays(-1) }), refusedAs('request/invalid', /later/));
  await endRole(db, op, person, role);
  await assert.rejects(endRole(db, op, person, role), refusedAs('request/not-found'));
  await assert.rejects(grantRole(db, op, person, { ...role, from }), refusedAs('request/invalid', /past/));
  await grantRole(db, op, person, { ...role, from: inDays(1) });
  await endRole(db, op, person, role);
  await view.refresh();
  assert.deepEqual(rolesAt(view, person, 'HGM', 2), [], 'what had not begun never begins');
  assert.deepEqual(rolesAt(view, person, 'HGM', -1), ['steward'], 'what was stays known');
});

test('who administers one institution cannot touch another, nor who may something there', async (t) => {
  const { db } = await prepared(t);
  await describeInstitution(db, op, { code: 'IMSS', name: 'IMSS', state: '09', facilities: ['DFIMS000999'] });
  const { person } = await describePerson(db, op, ANA);
  const mine = administers('HGM');
  const denied = refusedAs('access/denied');
  await assert.rejects(describeInstitution(db, mine, { code: 'IMSS', name: 'Otro' }), denied);
  await assert.rejects(describePerson(db, mine, { ...ANA, institution: 'IMSS' }), denied);
  await assert.rejects(grantRole(db, mine, person, { role: 'authority', institution: '*' }), denied);
  await grantRole(db, mine, person, { role: 'radiologist', institution: 'HGM' });
  await describePerson(db, mine, { ...ANA, name: 'Ana N.' });
  await grantRole(db, op, person, { role: 'radiologist', institution: 'IMSS' });
  await assert.rejects(describePerson(db, mine, { ...ANA, id: person, login: 'mallory' }), denied);
  await assert.rejects(setActive(db, mine, person, false), denied);
  await assert.rejects(
    markSensitive(db, mine, { institution: 'IMSS', label: 'hiv', study: '1.2', reason: 'x' }),
    denied,
  );
  await assert.rejects(importFacilities(db, mine, catalogue(1), { edition: '2026-01-01' }), denied);
  await assert.rejects(showSensitivities(db, mine, 'IMSS'), refusedAs('retrieve/not-found'));
});

test('nobody gives a role to himself, whatever he administers; he may give his own up', async (t) => {
  const { db } = await prepared(t);
  const { person } = await describePerson(db, op, ANA);
  await grantRole(db, op, person, { role: 'administrator', institution: '*' });
  const herself = testOp({ actor: { kind: 'person', id: person } });
  const later = { from: inDays(1), until: inDays(2) };
  for (const given of [
    { role: 'site-chief', institution: 'HGM', ...later },
    { role: 'administrator', institution: '*', until: inDays(1) },
  ] as const)
    await assert.rejects(grantRole(db, herself, ANA.login, given), refusedAs('access/denied', /himself/));
  assert.equal((await endRole(db, herself, person, { role: 'administrator', institution: '*' })).how, 'removed');
});

test('patients and studies are marked and cleared, with a reason', async (t) => {
  const { db, view } = await prepared(t);
  await view.refresh();
  const before = view.revision;
  const patient = { institution: 'HGM', label: 'vip', patientId: 'P1', reason: 'known from television' } as const;
  const study = { institution: 'HGM', label: 'hiv', study: '1.2.3', reason: 'result' } as const;
  assert.equal((await markSensitive(db, op, patient)).how, 'added');
  assert.equal((await markSensitive(db, op, { ...patient, reason: 'again' })).how, 'unchanged');
  await markSensitive(db, op, study);
  await view.refresh();
  assert.equal(view.revision, before + 2, 'what was decided before is decided anew');
  assert.deepEqual(
    (await showSensitivities(db, op)).map(({ label, patientId, studyUid, reason }) => [
      label,
      patientId + studyUid,
      reason,
    ]),
    [
      ['hiv', '1.2.3', 'result'],
      ['vip', 'P1', 'known from television'],
    ],
  );
  await clearSensitive(db, op, { ...study, reason: 'a mistake' });
  await assert.rejects(clearSensitive(db, op, study), refusedAs('request/not-found'));
  assert.equal((await showSensitivities(db, administers('HGM'))).length, 1);
  for (const wrong of [{ patientId: undefined }, { study: '1.2' }, { label: 'famous' }, { reason: ' ' }])
    await assert.rejects(markSensitive(db, op, { ...patient, ...wrong } as typeof patient), {
      code: 'request/invalid',
    });
});

/** A catalogue with establishments of Jalisco numbered from 1. */
const catalogue = (count: number, name = 'UNIDAD'): Uint8Array =>
  Buffer.from(
    [
      'CLUES,NOMBRE DE LA UNIDAD,CLAVE DE LA INSTITUCION,CLAVE DE LA ENTIDAD',
      ...Array.from({ length: count }, (_, index) => `JCSSA${`${index + 1}`.padStart(6, '0')},${name} ${index},SSA,14`),
    ].join('\n'),
    'latin1',
  );

test('an edition of the catalogue is taken once; a later one says what is new, an older one is refused', async (t) => {
  const { db, view } = await prepared(t);
  const take = (bytes: Uint8Array, edition: string, isDryRun = false) =>
    importFacilities(db, op, bytes, { edition, isDryRun });
  assert.equal((await take(catalogue(2500), '2026-01-31', true)).added, 2500);
  await view.refresh();
  assert.equal(view.facilityCount, 0, 'nothing was done');
  const { added, digest } = await take(catalogue(2500, 'CLÍNICA'), '2026-01-31');
  assert.deepEqual([added, digest.length], [2500, 64]);
  assert.deepEqual((await take(catalogue(2500, 'CLÍNICA'), '2026-01-31')).unchanged, 2500);
  await assert.rejects(take(catalogue(1), '2025-12-31'), refusedAs('request/invalid', /2026-01-31 is here/));
  await assert.rejects(take(catalogue(1), 'enero'), refusedAs('request/invalid'));
  const next = await take(catalogue(2400, 'HOSPITAL'), '2026-02-28');
  assert.deepEqual([next.added, next.changed], [0, 2400]);
  await view.refresh();
  assert.equal(view.facilityCount, 2500);
  assert.deepEqual(view.facility('JCSSA000001'), {
    clues: 'JCSSA000001',
    institution: 'SSA',
    name: 'HOSPITAL 0',
    state: '14',
    edition: '2026-02-28',
  });
  assert.equal(view.facility('JCSSA002500')?.edition, '2026-01-31', 'gone from the catalogue, known as of then');
  const events = await db.query<{ kind: string; event: string }>(
    `select kind, event from journal where kind like 'fac%'`,
  );
  assert.equal(events.length, 6, 'in batches');
});

const SEED = {
  institutions: [{ ...HGM, state: '09', facilities: ['DFSSA000999'] }],
  facilities: [
    { clues: 'DFSSA000999', institution: 'SSA', name: 'Hospital', state: '09', edition: '2026-01-31' },
    { clues: 'JCSSA000998', institution: 'SSA', name: 'Clínica', state: '14', edition: '2025-01-31' },
  ],
  people: [
    { ...ANA, roles: [{ role: 'radiologist', institution: 'HGM' }] },
    {
      login: 'luis',
      name: 'Luis',
      institution: 'HGM',
      isActive: false,
      roles: [{ role: 'auditor', institution: '*' }],
    },
  ],
  sensitivities: [{ institution: 'HGM', label: 'minor', patientId: 'P', issuer: 'HGM', reason: 'a child' }],
};

test('a seed says everything, changes nothing the second time, and is written again from what is here', async (t) => {
  const here = await prepared(t);
  const elsewhere = await prepared(t);
  const dry = await importSeed(here.db, op, SEED, { isDryRun: true });
  assert.equal((await here.db.query('select from journal')).length, 1, 'nothing is kept');
  const changes = await importSeed(here.db, op, SEED);
  assert.deepEqual(changes, dry);
  assert.deepEqual(
    [changes.institutions.changed, changes.facilities.added, changes.people.added, changes.roles.added],
    [1, 2, 2, 2],
  );
  await here.view.refresh();
  const { revision } = here.view;
  const again = await importSeed(here.db, op, SEED);
  for (const { added, changed } of Object.values(again)) assert.deepEqual([added, changed], [0, 0]);
  await here.view.refresh();
  assert.equal(here.view.revision, revision);

  const text = await seedText(here.view, here.db);
  await importSeed(elsewhere.db, op, readSeedText(text));
  await elsewhere.view.refresh();
  assert.equal(await seedText(elsewhere.view, elsewhere.db), text);
});

test('a seed with one mistake is refused whole', async (t) => {
  const { db, view } = await prepared(t);
  const [ana] = SEED.people;
  const bad = { people: [{ ...ana, roles: [...(ana?.roles ?? []), { role: 'auditor', institution: 'HGM' }] }] };
  await assert.rejects(importSeed(db, op, bad), refusedAs('directory/incompatible', /auditor/));
  await assert.rejects(importSeed(db, op, { persons: [] }), refusedAs('request/invalid', /persons/));
  await assert.rejects(importSeed(db, op, { institutions: [{ ...HGM, state: '33' }] }), refusedAs('request/invalid'));
  assert.throws(() => readSeedText('{'), refusedAs('request/invalid'));
  await view.refresh();
  assert.deepEqual(view.people(), []);
});

test('changes at the same time are made one after the other, and readings as well', async (t) => {
  const { db, view } = await prepared(t);
  const logins = Array.from({ length: 12 }, (_, index) => `p${index}`);
  await Promise.all(
    logins.map(async (login) => {
      await describePerson(db, op, { ...ANA, login });
      await view.refresh();
    }),
  );
  assert.deepEqual(
    view.people().map(({ login }) => login),
    logins.toSorted(),
  );
  assert.equal(view.revision, 13);
});
