import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { rightsCommand } from '../../apps/commands/rights.ts';
import { loadConfig } from '../../apps/config.ts';
import { type Patient, patientOfRef } from '../../holdings/patient.ts';
import { envelopeOf } from '../../journal/event.ts';
import type { Op } from '../../ports/op.ts';
import { linkPatients } from '../patients/link.ts';
import { accessesOf } from './accesses.ts';
import { periodOf } from './period.ts';
import { reportHtml, reportText } from './report.ts';
import { rightsRoutes } from './rights.route.ts';
import { decideSecondaryUse, listDecisions, secondaryUseOf } from './secondary-use.ts';
import { EN, ES } from './words.ts';

type Archive = Awaited<ReturnType<typeof openTestArchive>>;

const [HERE, THERE, NOBODY] = ['HGM/TEST/7', 'IMSS/TEST/8', 'HGM/TEST/99'].map(patientOfRef) as [
  Patient,
  Patient,
  Patient,
];
const EVER = { from: '2000-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z' };
const refused = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

/** Whose administrators may ask: of one institution only. */
const ofOnly = (own: string): Partial<Op> => ({
  institution: own,
  may: (_, institution) => institution === own,
  allow: (_, institution) => {
    if (institution !== own) throw new Failure('access/denied', institution);
  },
});

const whoIs = (actor: { id: string }) =>
  actor.id === 'p-1' ? { name: 'Dra. <b>Ruiz</b>', institution: 'HGM' } : undefined;
const portsOf = (archive: Archive) => ({
  db: archive.database,
  journalBlobs: archive.holdings.journalBlobs,
  journal: archive.holdings.journal,
  whoIs,
});

/** Two patients of two hospitals, a study each, and what was done with them. */
async function openUsed(t: Parameters<typeof openTestArchive>[0]) {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  const own = { name: 'rights', study: 1, number: 1, patientName: 'RUIZ^ANA', patientId: '7' };
  const other = { name: 'rights', study: 2, number: 1, patientName: 'RUIZ^ANA', patientId: '8' };
  await storeSmall(archive, own, 'HGM');
  await storeSmall(archive, other, 'IMSS');
  const studyOf = (of: typeof own): string => smallObject(of).studyUid;
  const { journal } = archive.holdings;
  const person = testOp({ actor: { kind: 'person', id: 'p-1' }, door: 'web', institution: 'HGM' });
  const facts = { level: 'instance', aspect: 'rendered' };
  await journal.retrieved(person, 'HGM', studyOf(own), facts);
  await journal.retrieved(testOp({ institution: 'HGM' }), 'HGM', studyOf(own), { destination: 'WS1' }, 'WS1');
  await journal.retrieved(testOp({ institution: 'ISSSTE', purpose: 'EMERGENCY' }), 'IMSS', studyOf(other), facts);
  const all = testOp({ actor: { kind: 'process', id: 'export' }, door: 'cli' });
  await journal.record(envelopeOf(all, 'export.finished', { institution: '' }, { studies: 2 }));
  return { archive, ports: portsOf(archive), study: studyOf(own), otherStudy: studyOf(other) };
}

test('whoever read the studies of a patient is told, and the asking is a fact of its own', async (t) => {
  const { archive, ports, study } = await openUsed(t);
  const report = await accessesOf(ports, testOp(), HERE, EVER);
  assert.deepEqual(
    report.accesses.map(({ kind, actor, aspect, receiver, who }) => [
      kind,
      actor.id,
      aspect,
      receiver,
      who?.institution,
    ]),
    [
      ['study.retrieved', 'p-1', 'rendered', undefined, 'HGM'],
      ['study.retrieved', 'tester', 'objects', 'WS1', undefined],
      ['export.finished', 'export', 'objects', undefined, undefined],
    ],
  );
  assert.ok(report.isWhole && report.studies === 1 && report.linked.length === 0);
  assert.ok(report.accesses.slice(0, 2).every((access) => access.study === study));
  const asked = await archive.database.query<{ event: string }>(
    `select event from journal where kind = 'accesses.reported'`,
  );
  assert.equal(asked.length, 1);
  const before = { from: EVER.from, until: '2001-01-01T00:00:00.000Z' };
  assert.deepEqual((await accessesOf(ports, testOp(), HERE, before)).accesses, []);
  await assert.rejects(accessesOf(ports, testOp(), NOBODY, EVER), refused('retrieve/not-found'));
});

test('the same person elsewhere is told to whom both institutions answer, and to nobody else', async (t) => {
  const { archive, ports, otherStudy } = await openUsed(t);
  await linkPatients(archive.database, testOp(), [HERE, THERE], 'one card');
  const whole = await accessesOf(ports, testOp(), HERE, EVER);
  assert.deepEqual(whole.linked, ['IMSS/TEST/8']);
  const there = whole.accesses.find((access) => access.study === otherStudy);
  assert.deepEqual([there?.institution, there?.purpose], ['IMSS', 'EMERGENCY']);
  const own = await accessesOf(ports, testOp(ofOnly('HGM')), HERE, EVER);
  assert.deepEqual(own.linked, []);
  assert.ok(own.accesses.every((access) => access.study !== otherStudy));
  await assert.rejects(accessesOf(ports, testOp(ofOnly('IMSS')), HERE, EVER), refused('access/denied'));
});

test('the report is a document in Spanish, or in English, in which nothing of the data is markup', async (t) => {
  const { ports } = await openUsed(t);
  const report = await accessesOf(ports, testOp(), HERE, EVER);
  const html = reportHtml(report, ES);
  for (const said of ['lang="es-MX"', 'Quién vio mis estudios', 'en pantalla las imágenes de', 'enviado a WS1']) {
    assert.ok(html.includes(said), said);
  }
  assert.ok(
    html.includes('Dra. &lt;b&gt;Ruiz&lt;/b&gt; (p-1), persona') && !html.includes('<b>') && !html.includes('<script'),
  );
  assert.match(reportText(report, EN), /Who saw my studies: 7 \(TEST, HGM\)/);
  assert.match(reportText({ ...report, accesses: [], isWhole: false }, ES), /incompleto[\s\S]*Nadie consultó/);
});

test('a refusal of secondary use holds for the person at every institution, until each is taken back', async (t) => {
  const { archive } = await openUsed(t);
  const db = archive.database;
  const state = async (patient: Patient): Promise<string> => (await secondaryUseOf(db, testOp(), patient)).state;
  assert.deepEqual([await state(HERE), await state(THERE)], ['undecided', 'undecided']);
  await decideSecondaryUse(db, testOp(ofOnly('HGM')), HERE, { decision: 'refused', reason: 'asked in writing' });
  assert.deepEqual([await state(HERE), await state(THERE)], ['refused', 'undecided']);
  await linkPatients(db, testOp(), [HERE, THERE], 'one card');
  const there = await secondaryUseOf(db, testOp(ofOnly('IMSS')), THERE);
  assert.deepEqual([there.state, there.decisions], ['refused', []], 'applied, and not told of another hospital');
  await decideSecondaryUse(db, testOp(), HERE, { decision: 'refused', reason: 'again' });
  await decideSecondaryUse(db, testOp(), HERE, { decision: 'permitted', reason: 'changed her mind' });
  assert.deepEqual([await state(HERE), await state(THERE)], ['permitted', 'permitted']);
  const events = await db.query<{ kind: string }>(
    `select kind from journal where kind like 'secondary-use.%' order by id`,
  );
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['secondary-use.refused', 'secondary-use.permitted'],
    'what was decided already is no further fact',
  );
  assert.deepEqual(
    (await listDecisions(db, testOp())).map(({ patient, state: each }) => [patient, each]),
    [['HGM/TEST/7', 'permitted']],
  );
  const decided = { decision: 'refused', reason: 'x' } as const;
  await assert.rejects(decideSecondaryUse(db, testOp(), NOBODY, decided), refused('retrieve/not-found'));
  await assert.rejects(decideSecondaryUse(db, testOp(ofOnly('IMSS')), HERE, decided), refused('access/denied'));
});

test('rights over HTTP: JSON or a document; what is not understood is refused', async (t) => {
  const { ports } = await openUsed(t);
  const routes = rightsRoutes(ports);
  const ask = async (method: string, target: string, body = '', accept = '*/*') => {
    const url = new URL(target, 'http://x');
    const route = routes.find((each) => each.method === method && each.path === url.pathname);
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield new TextEncoder().encode(body);
    }
    const request = { method, url: target, rawQuery: url.search.slice(1), params: {}, query: url.searchParams };
    const headers = { 'content-type': 'application/json', accept };
    const answer = await route?.handle(
      { ...request, headers, body: chunks(), parts: () => chunks() as never },
      testOp(),
    );
    assert.ok(answer);
    return answer;
  };
  const accesses = '/api/rights/accesses?patient=HGM/TEST/7&from=2020-01-01';
  const json = JSON.parse(String((await ask('GET', accesses)).body)) as { accesses: object[] };
  assert.equal(json.accesses.length, 3);
  const page = await ask('GET', accesses, '', 'text/html');
  assert.match(page.headers['content-security-policy'] ?? '', /default-src 'none'.*sandbox/);
  assert.match(String(page.body), /^<!doctype html>/);
  const decide = JSON.stringify({ patient: 'HGM/TEST/7', decision: 'refused', reason: 'in writing' });
  assert.match(String((await ask('POST', '/api/rights/secondary-use', decide)).body), /"state":"refused"/);
  assert.match(String((await ask('GET', '/api/rights/secondary-use')).body), /HGM\/TEST\/7/);
  assert.match(String((await ask('GET', '/api/rights/secondary-use?patient=HGM/TEST/7')).body), /"refused"/);
  for (const target of [
    '',
    '?patient=x',
    '?patient=HGM/TEST/7&from=yesterday',
    '?patient=HGM/TEST/7&from=2030-01-01',
  ]) {
    await assert.rejects(ask('GET', `/api/rights/accesses${target}`), refused('request/invalid'), target);
  }
  for (const body of [
    '{}',
    '{"patient":"HGM/TEST/7","decision":"maybe","reason":"x"}',
    decide.replace('in writing', ' '),
  ]) {
    await assert.rejects(ask('POST', '/api/rights/secondary-use', body), refused('request/invalid'), body);
  }
});

test('a period is a year up to now unless it is said', () => {
  const now = new Date('2026-03-01T12:00:00Z');
  assert.deepEqual(periodOf(undefined, undefined, now), {
    from: '2025-02-28T12:00:00.000Z',
    until: '2026-03-01T12:00:00.000Z',
  });
  assert.deepEqual(periodOf('2026-01-01', '2026-02-01', now).from, '2026-01-01T00:00:00.000Z');
  for (const [from, until] of [
    ['2026-02-01', '2026-01-01'],
    ['x', undefined],
    [undefined, '2026-13-01'],
  ] as const) {
    assert.throws(() => periodOf(from, until, now), refused('request/invalid'));
  }
});

test('rights on the command line', async (t) => {
  const { archive } = await openUsed(t);
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
    assert.equal(await rightsCommand.run({ values, positionals }, context), 0);
    return told;
  };
  const [report] = (await run(['accesses', 'HGM/TEST/7'], { language: 'es' })) as [{ accesses: object[] }];
  assert.equal(report.accesses.length, 3);
  const [state] = (await run(['opt-out', 'HGM/TEST/7'], { reason: 'in writing' })) as [{ state: string }];
  assert.equal(state.state, 'refused');
  assert.equal((await run(['secondary-use'])).length, 1);
  for (const wrong of [['accesses'], ['erase', 'HGM/TEST/7'], ['opt-out', 'HGM/TEST/7'], ['accesses', 'x']]) {
    await assert.rejects(run(wrong), refused('request/invalid'), wrong.join(' '));
  }
});
