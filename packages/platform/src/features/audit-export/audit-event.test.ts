import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { migratedDatabase, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../../adapters/fs/blob-store.ts';
import { capabilityRoute, fhirRoutes } from '../../bindings/fhir.ts';
import type { Route } from '../../bindings/http.ts';
import { type Envelope, type EventKind, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { Recorder } from '../../journal/recorder.ts';
import { Sealer } from '../../journal/sealer.ts';
import type { Op } from '../../ports/op.ts';
import { auditEventType } from './audit-event.ts';

const SOURCE = { aeTitle: 'ACERVO', id: 'ACERVO@here', site: 'HGM' };

type Resource = { resourceType: string; id: string; recorded: string; [name: string]: unknown };
type Bundle = { link: { relation: string; url: string }[]; entry?: { fullUrl: string; resource: Resource }[] };

async function asked<T>(routes: readonly Route[], url: string, over: Partial<Op> = {}): Promise<[number, T]> {
  const { pathname, search, searchParams } = new URL(url, 'http://here');
  const [, type = '', id] = pathname.slice(1).split('/');
  const route = routes.find(({ path }) => path === (id === undefined ? `/fhir/${type}` : `/fhir/${type}/:id`));
  assert.ok(route, url);
  async function* nothing(): AsyncGenerator<never> {}
  const { status, body } = await route.handle(
    {
      method: 'GET',
      url: pathname + search,
      rawQuery: search.slice(1),
      params: id === undefined ? {} : { id },
      query: searchParams,
      headers: { host: 'here' },
      body: nothing(),
      parts: () => nothing(),
    },
    testOp(over),
  );
  return [status, JSON.parse(String(body)) as T];
}

async function prepared(t: TestContext) {
  const db = await migratedDatabase(t);
  const journalBlobs = fileBlobStore(temporaryDirectory());
  const sealer = new Sealer(db, journalBlobs, silentLog);
  t.after(() => sealer.close());
  const journal = new Recorder(db, silentLog, 0);
  const type = auditEventType({ db, journal, journalBlobs }, SOURCE);
  const happen = async (...events: readonly Envelope[]): Promise<void> => {
    for (const event of events) await insertEvents(db, [event]);
    await sealer.sealAll();
  };
  return { db, happen, routes: [...fhirRoutes(type), capabilityRoute([type], '0.1.0')] };
}

const event = (study: string, over: Partial<Envelope> = {}, kind: EventKind = 'study.retrieved'): Envelope => ({
  ...envelopeOf(testOp({ institution: 'HGM' }), kind, { study }, { aspect: 'objects' }),
  ...over,
});

const studiesIn = ({ entry = [] }: Bundle): string[] =>
  entry.flatMap(({ resource }) => /urn:oid:([0-9.]+)/.exec(JSON.stringify(resource))?.[1] ?? []);
const nextOf = ({ link }: Bundle): string | undefined => link.find(({ relation }) => relation === 'next')?.url;

test('pages go through the numbers once, in both directions, of the institutions that the caller sees', async (t) => {
  const { happen, routes } = await prepared(t);
  await happen(
    ...Array.from({ length: 25 }, (_, number) =>
      event(`1.${number}`, { institution: number % 5 === 0 ? 'IMSS' : 'HGM' }),
    ),
  );
  const all = async (query: string, over: Partial<Op> = {}): Promise<string[]> => {
    const seen: string[] = [];
    for (let url: string | undefined = `/fhir/AuditEvent?${query}`; url !== undefined; ) {
      const [status, page]: [number, Bundle] = await asked<Bundle>(routes, url, over);
      assert.equal(status, 200);
      seen.push(...studiesIn(page));
      url = nextOf(page);
    }
    return seen;
  };
  const expected = Array.from({ length: 25 }, (_, number) => `1.${number}`);
  for (const count of [1, 7, 1000]) {
    assert.deepEqual(await all(`_count=${count}&_sort=date`), expected);
    assert.deepEqual(await all(`_count=${count}`), expected.toReversed());
  }
  const imss = expected.filter((_, number) => number % 5 === 0);
  assert.deepEqual(await all('_sort=date&_count=2', seeing('IMSS')), imss);
});

test('searches by study, patient, agent and date find those and no others', async (t) => {
  const archive = await openTestArchive(t, undefined, { ...SMALL_PACKS, ACERVO_SEAL_INTERVAL_MS: '3600000' });
  // One Study Instance UID at two institutions, of two patients.
  await storeSmall(archive, { name: 'audit', study: 1, number: 1, patientId: 'P1' });
  await storeSmall(archive, { name: 'audit', study: 1, number: 1, patientId: 'P2' }, 'IMSS');
  const { studyUid } = smallObject({ name: 'audit', study: 1, number: 1 });
  const at = ['2026-11-28T23:59:59.999Z', '2026-11-29T00:00:00.000Z', '2026-11-29T12:30:00.500Z'] as const;
  const events = [
    event(studyUid, { at: at[0] }),
    event(studyUid, { at: at[1], institution: 'IMSS', actor: { kind: 'person', id: 'u1' } }),
    event('1.2', { at: at[2], actor: { kind: 'system', id: 'WS1' } }),
  ];
  for (const each of events) await insertEvents(archive.database, [each]);
  await archive.sealer.sealAll();
  const routes = fhirRoutes(auditEventType(archive.holdings, SOURCE));
  const found = async (query: string, over: Partial<Op> = {}): Promise<string[]> => {
    const [status, { entry = [] }] = await asked<Bundle>(routes, `/fhir/AuditEvent?_sort=date&${query}`, over);
    assert.equal(status, 200, query);
    const made = entry.map(({ resource }) => resource).filter(({ id }) => events.some((each) => each.id === id));
    return made.map(({ recorded }) => recorded);
  };
  const study = 'entity:identifier';
  for (const uid of [studyUid, `urn:oid:${studyUid}`, `urn:dicom:uid|urn:oid:${studyUid}`]) {
    assert.deepEqual(await found(`${study}=${encodeURIComponent(uid)}`), [at[0], at[1]]);
  }
  assert.deepEqual(await found(`${study}=${studyUid}`, seeing('IMSS')), [at[1]]);
  assert.deepEqual(await found('patient:identifier=P1'), [at[0]], 'not the same UID of another institution');
  assert.deepEqual(await found('patient:identifier=TEST%7CP1'), [at[0]]);
  assert.deepEqual(await found('patient:identifier=OTHER%7CP1'), []);
  assert.deepEqual(await found('patient:identifier=P2', seeing('HGM')), []);
  assert.deepEqual(await found('agent:identifier=WS1'), [at[2]]);
  assert.deepEqual(await found('date=2026-11-29&agent:identifier=WS1'), [at[2]]);
  assert.deepEqual(await found('date=2026-11-29&agent:identifier=u1'), [at[1]]);
  assert.deepEqual(await found('date=lt2026-11-29'), [at[0]]);
  assert.deepEqual(await found('date=ge2026-11-29&_lastUpdated=le2026-11-29T06:30-06:00'), [at[1], at[2]]);
  assert.deepEqual(await found('date=gt2026-11-29T12:30:00Z&date=le2026-11-29'), []);
});

test('who may not see an event hears what who asks for none hears; reading is journaled', async (t) => {
  const { db, happen, routes } = await prepared(t);
  const one = event('1.1');
  await happen(one);
  const [status, resource] = await asked<Resource>(routes, `/fhir/AuditEvent/${one.id}`);
  assert.deepEqual([status, resource.resourceType, resource.id], [200, 'AuditEvent', one.id]);
  const absent = await asked<Resource>(routes, `/fhir/AuditEvent/${newId()}`);
  const hidden = await asked<Resource>(routes, `/fhir/AuditEvent/${one.id}`, seeing('IMSS'));
  const nonsense = await asked<Resource>(routes, '/fhir/AuditEvent/x');
  const told = ([code, { issue }]: [number, Resource]) => {
    const [{ diagnostics: _id, ...rest } = {}] = issue as Record<string, unknown>[];
    return [code, rest];
  };
  assert.deepEqual(told(hidden), told(absent));
  assert.deepEqual(told(nonsense), told(absent));
  assert.equal(hidden[0], 404);
  await asked(routes, '/fhir/AuditEvent?agent:identifier=tester');
  const reads = await db.query<{ event: string }>(`select event from journal where kind = 'audit.read' order by xid`);
  assert.deepEqual(
    reads.map((row) => (JSON.parse(row.event) as Envelope).facts),
    [
      { keys: ['_id'], returned: 1 },
      { keys: ['agent:identifier'], returned: 1 },
    ],
  );
});

test('what is not understood or not allowed is an OperationOutcome; /fhir/metadata tells what is', async (t) => {
  const { db, routes } = await prepared(t);
  for (const query of [
    'name=x',
    '_count=x',
    'date=yesterday',
    'date=2026-13-01',
    '_sort=name',
    'entity:identifier=a',
  ]) {
    const [status, outcome] = await asked<Resource>(routes, `/fhir/AuditEvent?${query}`);
    assert.deepEqual([status, outcome.resourceType], [400, 'OperationOutcome'], query);
  }
  const denied = {
    allow: (action: string) => {
      throw new Failure('access/denied', action);
    },
  };
  for (const path of ['/fhir/AuditEvent', `/fhir/AuditEvent/${newId()}`]) {
    const [status, { issue }] = await asked<Resource>(routes, path, denied);
    assert.deepEqual([status, (issue as { code: string }[])[0]?.code], [403, 'forbidden']);
  }
  assert.deepEqual(await db.query('select from journal'), []);
  const [status, statement] = await asked<Resource>(routes, '/fhir/metadata');
  assert.equal(status, 200);
  const [rest] = statement['rest'] as { resource: { type: string; searchParam: { name: string }[] }[] }[];
  assert.deepEqual(
    rest?.resource.map(({ type }) => type),
    ['AuditEvent'],
  );
  assert.ok(rest?.resource[0]?.searchParam.some(({ name }) => name === 'patient:identifier'));
});
