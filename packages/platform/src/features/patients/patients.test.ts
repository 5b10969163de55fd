import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataSetOf, sequence, textElement } from '@acervo/dicom/data-set/build.ts';
import type { Element } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { patientCommand } from '../../apps/commands/patient.ts';
import { loadConfig } from '../../apps/config.ts';
import type { Envelope } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import { linkPatients, unlinkPatient } from './link.ts';
import { patientOfRef, patientRef } from './patient.ts';
import { patientRoutes } from './patients.route.ts';
import { resolveSome } from './resolve.ts';
import { showCollisions, showPatients } from './show.ts';

type Archive = Awaited<ReturnType<typeof openTestArchive>>;

const CURP = 'SABC560626MDFLRN01';
const CARMEN = 'SÁNCHEZ BRAVO^CARMEN';
const text = (tag: number, vr: 'LO' | 'DA' | 'CS', value: string): Element => textElement(tag, vr, value);
const curp = (value = CURP): Element =>
  sequence(T.OtherPatientIDsSequence, [dataSetOf([text(T.PatientID, 'LO', value)])]);

type Sent = { institution: string; id: string; study: number; name?: string; also?: Element[] };

async function store(archive: Archive, { institution, id, study, name = CARMEN, also = [] }: Sent): Promise<void> {
  await storeSmall(
    archive,
    { name: 'patients', study, number: 1, patientName: name, patientId: id, also },
    institution,
  );
}

async function resolveAll(archive: Archive): Promise<void> {
  while ((await resolveSome(archive.database, testOp())) > 0);
}

/** Of a patient: with whom it is linked, and what is in doubt. */
async function shown(archive: Archive, id: string, over: Partial<Op> = {}) {
  const ports = { db: archive.database, journal: archive.holdings.journal };
  const patients = await showPatients(ports, testOp(over), { id, issuer: undefined });
  return patients.map(({ patient, linked, collisions }) => ({
    patient,
    linked: linked.map((each) => each.patient),
    collisions: collisions.map(({ kind, differs, other }) => [kind, ...differs, ...(other ? [other] : [])].join(' ')),
  }));
}

async function events(archive: Archive): Promise<Envelope[]> {
  const rows = await archive.database.query<{ event: string }>(
    `select event from journal where kind like 'patient.%' order by xid, institution`,
  );
  return rows.map(({ event }) => JSON.parse(event) as Envelope);
}

const refused = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

test('the same number and the same study at two hospitals are two patients', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await store(archive, { institution: 'HGM', id: 'COL-1', study: 1 });
  await store(archive, { institution: 'IMSS', id: 'COL-1', study: 1, name: 'RAMÍREZ^JUAN' });
  await resolveAll(archive);
  assert.deepEqual(await shown(archive, 'COL-1'), [
    { patient: 'HGM/TEST/COL-1', linked: [], collisions: [] },
    { patient: 'IMSS/TEST/COL-1', linked: [], collisions: [] },
  ]);
  assert.deepEqual(await shown(archive, 'COL-1', seeing('IMSS')), [
    { patient: 'IMSS/TEST/COL-1', linked: [], collisions: [] },
  ]);
  assert.deepEqual(await events(archive), []);
});

test('a CURP links across hospitals; the link can be undone, and stays undone', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await store(archive, { institution: 'HGM', id: '7', study: 1, also: [curp()] });
  await store(archive, { institution: 'IMSS', id: '7', study: 2, name: 'sanchez bravo^carmen', also: [curp()] });
  await store(archive, { institution: 'IMSS', id: '8', study: 3, name: 'sanchez bravo^carmen' });
  await resolveAll(archive);
  const [hgm, imss, other] = ['HGM/TEST/7', 'IMSS/TEST/7', 'IMSS/TEST/8'].map(patientOfRef) as [P, P, P];
  assert.deepEqual(await shown(archive, CURP.toLowerCase()), [
    { patient: patientRef(hgm), linked: [patientRef(imss)], collisions: [] },
    { patient: patientRef(imss), linked: [patientRef(hgm)], collisions: [] },
  ]);
  const alone = [{ patient: patientRef(imss), linked: [], collisions: [] }];
  assert.deepEqual(await shown(archive, CURP, seeing('IMSS')), alone, 'a link tells nobody what he may not see');
  const told = await events(archive);
  assert.deepEqual(
    told.map(({ kind, institution, facts }) => [kind, institution, facts['evidence'], facts['curp']]),
    [
      ['patient.linked', 'HGM', 'curp', CURP],
      ['patient.linked', 'IMSS', 'curp', CURP],
    ],
  );
  await resolveAll(archive);
  assert.equal((await events(archive)).length, 2, 'told once');

  const op = testOp({ actor: { kind: 'person', id: 'steward' } });
  assert.deepEqual(await unlinkPatient(archive.database, op, imss, 'sisters'), { changed: [patientRef(imss)] });
  await store(archive, { institution: 'IMSS', id: '7', study: 4, also: [curp()] });
  await resolveAll(archive);
  assert.deepEqual(
    (await shown(archive, '7')).map(({ linked }) => linked),
    [[], []],
    'not by itself again',
  );

  await assert.rejects(unlinkPatient(archive.database, op, other, 'x'), refused('patient/linked-otherwise'));
  const linked = await linkPatients(archive.database, op, [hgm, imss], 'one after all');
  assert.deepEqual(linked, { changed: [patientRef(imss)] });
  assert.deepEqual(await linkPatients(archive.database, op, [imss, hgm], 'again'), { changed: [] });
  assert.deepEqual(await linkPatients(archive.database, op, [other, imss], 'the old number'), {
    changed: [patientRef(other)],
  });
  assert.deepEqual((await shown(archive, '8'))[0]?.linked, [patientRef(hgm), patientRef(imss)]);
  const [last] = (await events(archive)).slice(-1);
  assert.deepEqual(
    [last?.actor.id, last?.facts['reason'], last?.facts['evidence']],
    ['steward', 'the old number', 'manual'],
  );
});

type P = ReturnType<typeof patientOfRef>;

test('who may not, or sees only one of the two, links nobody', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await store(archive, { institution: 'HGM', id: '7', study: 1 });
  await store(archive, { institution: 'IMSS', id: '7', study: 2 });
  const pair = ['HGM/TEST/7', 'IMSS/TEST/7'].map(patientOfRef) as [P, P];
  const link = (over: Partial<Op>) => linkPatients(archive.database, testOp(over), pair, 'why');
  await assert.rejects(link(seeing('HGM')), refused('retrieve/not-found'));
  const allow: Op['allow'] = (action, institution) => {
    if (action === 'steward' && institution === 'IMSS') throw new Failure('access/denied', 'no');
  };
  await assert.rejects(link({ allow }), refused('access/denied'));
  const nobody = patientOfRef('HGM/TEST/9');
  await assert.rejects(linkPatients(archive.database, testOp(), [pair[0], nobody], 'x'), refused('retrieve/not-found'));
  await assert.rejects(linkPatients(archive.database, testOp(), [pair[0], pair[0]], 'x'), refused('request/invalid'));
  assert.deepEqual(await events(archive), []);
});

test('what cannot be of one person waits for a steward, and links nobody', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  const born = (date: string): Element => text(T.PatientBirthDate, 'DA', date);
  await store(archive, { institution: 'HGM', id: '1', study: 1, also: [curp(), born('19560626')] });
  await store(archive, { institution: 'IMSS', id: '2', study: 2, also: [curp(), born('19650626')] });
  await store(archive, { institution: 'SSA', id: '3', study: 3, name: 'RUIZ^EVA', also: [curp()] });
  // One number of one hospital, two persons.
  await store(archive, { institution: 'SSA', id: '4', study: 4 });
  await store(archive, { institution: 'SSA', id: '4', study: 5, name: 'RAMÍREZ^JUAN' });
  await resolveAll(archive);
  await resolveAll(archive);
  const open = async (sees?: string[]): Promise<string[]> => {
    const ports = { db: archive.database, journal: archive.holdings.journal };
    const rows = await showCollisions(ports, testOp(sees && seeing(...sees)));
    return rows.map(({ patient, kind, differs, other }) => [patient, kind, ...differs, other ?? ''].join(' ')).sort();
  };
  assert.deepEqual(await open(), [
    'IMSS/TEST/2 curp birth-date ',
    'SSA/TEST/3 curp name HGM/TEST/1',
    'SSA/TEST/4 patient-id name ',
  ]);
  assert.deepEqual(await open(['SSA']), ['SSA/TEST/4 patient-id name '], 'nothing of another hospital');
  assert.deepEqual((await shown(archive, '3', seeing('SSA')))[0]?.collisions, []);
  assert.deepEqual((await shown(archive, '3'))[0]?.collisions, ['curp name HGM/TEST/1']);
  assert.ok((await events(archive)).every(({ kind }) => kind === 'patient.collided'));

  const [first, second, third] = ['HGM/TEST/1', 'IMSS/TEST/2', 'SSA/TEST/3'].map(patientOfRef) as [P, P, P];
  await linkPatients(archive.database, testOp(), [first, second], 'a digit mistyped');
  await unlinkPatient(archive.database, testOp(), third, 'her card was used');
  await unlinkPatient(archive.database, testOp(), patientOfRef('SSA/TEST/4'), 'told the hospital');
  assert.deepEqual(await open(), []);
  await store(archive, { institution: 'SSA', id: '3', study: 6, name: 'SANCHEZ^EVA', also: [curp()] });
  await resolveAll(archive);
  assert.deepEqual(
    (await shown(archive, CURP)).map(({ linked }) => linked.length),
    [1, 1, 0],
    'as decided',
  );
});

test('patients over HTTP: found, linked and unlinked; what is not understood is refused', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await store(archive, { institution: 'HGM', id: '7', study: 1, name: 'NÚÑEZ PEÑA^JOSÉ' });
  await store(archive, { institution: 'IMSS', id: '8', study: 2 });
  const routes = patientRoutes({ db: archive.database, journal: archive.holdings.journal });
  const ask = async (method: string, target: string, body = '', type = 'application/json'): Promise<unknown> => {
    const url = new URL(target, 'http://x');
    const route = routes.find((each) => each.method === method && each.path === url.pathname);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode(body);
    }
    const request = { method, url: target, rawQuery: url.search.slice(1), params: {}, query: url.searchParams };
    const answer = await route?.handle(
      { ...request, headers: { 'content-type': type }, body: chunks(), parts: () => chunks() as never },
      testOp(),
    );
    assert.equal(answer?.status, 200);
    return JSON.parse(String(answer?.body));
  };
  const { patients } = (await ask('GET', '/api/patients?id=7&issuer=TEST')) as { patients: object[] };
  assert.deepEqual(patients, [
    {
      patient: 'HGM/TEST/7',
      institution: 'HGM',
      issuer: 'TEST',
      id: '7',
      names: ['NÚÑEZ PEÑA^JOSÉ'],
      birthDates: [],
      sexes: [],
      identifiers: [{ issuer: 'TEST', id: '7', type: '' }],
      studies: 1,
      linked: [],
      collisions: [],
    },
  ]);
  assert.deepEqual(await ask('GET', '/api/patients?id=7&issuer=OTHER'), { patients: [] });
  const pair = JSON.stringify({ patients: ['HGM/TEST/7', 'IMSS/TEST/8'], reason: 'the same card' });
  assert.deepEqual(await ask('POST', '/api/patients/link', pair), { changed: ['HGM/TEST/7', 'IMSS/TEST/8'] });
  const one = JSON.stringify({ patient: 'HGM/TEST/7', reason: 'no' });
  assert.deepEqual(await ask('POST', '/api/patients/unlink', one), { changed: ['HGM/TEST/7'] });
  assert.deepEqual(await ask('GET', '/api/patients/collisions'), { collisions: [] });

  for (const target of ['/api/patients', '/api/patients?id=', '/api/patients?id=1&id=2', '/api/patients?id=1&name=x']) {
    await assert.rejects(ask('GET', target), refused('request/invalid'), target);
  }
  for (const body of ['', '{', '[]', '{"patient":"HGM/TEST/7"}', '{"patient":"x","reason":"y"}', ' '.repeat(20_000)]) {
    await assert.rejects(ask('POST', '/api/patients/unlink', body), refused('request/invalid'), body.slice(0, 50));
  }
  await assert.rejects(ask('POST', '/api/patients/unlink', one, 'text/plain'), refused('request/unsupported-type'));
});

test('patients on the command line', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await store(archive, { institution: 'HGM', id: '7', study: 1, also: [curp()] });
  await store(archive, { institution: 'IMSS', id: '8', study: 2, also: [curp()] });
  await archive.close();
  const config = loadConfig({
    ACERVO_DATA_DIR: archive.dataDir,
    ACERVO_ACCESS: 'open',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });
  const run = async (positionals: string[], values: Record<string, string> = {}): Promise<unknown[]> => {
    const told: unknown[] = [];
    const { signal } = new AbortController();
    const print = (line: string, value?: unknown): void => void told.push(value ?? line);
    const context = { config, log: silentLog, signal, print, isJson: true };
    assert.equal(await patientCommand.run({ values, positionals }, context), 0);
    return told;
  };
  assert.deepEqual(await run(['resolve']), [{ studies: 2 }]);
  const linked = (await run(['show', CURP])) as { linked: { patient: string }[] }[];
  assert.deepEqual(
    linked.map((each) => each.linked.map(({ patient }) => patient)),
    [['IMSS/TEST/8'], ['HGM/TEST/7']],
  );
  const why = { reason: 'sisters' };
  assert.deepEqual(await run(['unlink', 'IMSS/TEST/8'], why), [{ changed: ['IMSS/TEST/8'] }]);
  assert.deepEqual(await run(['link', 'IMSS/TEST/8', 'HGM/TEST/7'], why), [{ changed: ['IMSS/TEST/8'] }]);
  assert.deepEqual(await run(['collisions']), ['Nothing waits for a decision.']);
  assert.deepEqual(await run(['show', '9'], { issuer: 'TEST' }), ['No patient has this identifier.']);
  for (const wrong of [['show'], ['erase', '1'], ['unlink', 'IMSS/TEST/8'], ['link', 'x', 'y']]) {
    await assert.rejects(run(wrong), refused('request/invalid'), wrong.join(' '));
  }
});

test('a patient is told by one text, whatever stands in its parts', () => {
  for (const patient of [
    { institution: 'HGM', issuer: '', id: '1' },
    { institution: 'HGM', issuer: 'A/B %2F', id: 'Ñ/1 2' },
  ]) {
    assert.deepEqual(patientOfRef(patientRef(patient)), patient);
  }
  for (const ref of ['', 'HGM', 'HGM/A', 'HGM/A/', 'hgm/A/1', 'HGM/A/1/2', 'HGM/%/1']) {
    assert.throws(() => patientOfRef(ref), refused('request/invalid'), ref);
  }
});
