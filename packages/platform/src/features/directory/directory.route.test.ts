import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { seeing, testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog } from '@acervo/testkit/postgres.ts';
import { z } from 'zod';
import { openApiOf } from '../../bindings/openapi.ts';
import type { Op } from '../../ports/op.ts';
import { directoryRoutes } from './directory.route.ts';
import { importSeed } from './seed.ts';
import { DirectoryView } from './view.ts';

const PERSON = { login: 'ana', name: 'Ana', institution: 'HGM' };
const SEED = {
  institutions: [
    { code: 'HGM', name: 'Hospital General' },
    { code: 'IMSS', name: 'IMSS' },
  ],
  facilities: [
    { clues: 'JCSSA000999', institution: 'SSA', name: 'Hospital Civil', state: '14', edition: '2026-01-31' },
    { clues: 'DFIMS000999', institution: 'IMS', name: 'Clínica 100%', state: '09', edition: '2026-01-31' },
  ],
  people: [
    { ...PERSON, roles: [{ role: 'radiologist', institution: 'HGM' }] },
    { login: 'luis', name: 'Luis', institution: 'IMSS', roles: [{ role: 'technician', institution: 'IMSS' }] },
    { login: 'eva', name: 'Eva', institution: 'IMSS', roles: [{ role: 'authority', institution: '*' }] },
  ],
};

type Asked = { body?: unknown; query?: string; op?: Op; type?: string };

async function prepared(t: TestContext) {
  const db = await migratedDatabase(t);
  await importSeed(db, testOp(), SEED);
  const directory = new DirectoryView(db, silentLog);
  await directory.refresh();
  const routes = directoryRoutes({ db, directory });
  return async (method: string, path: string, { body, query = '', op = testOp(), type }: Asked = {}) => {
    const route = routes.find((each) => each.method === method && each.path === `/api/directory${path}`);
    assert.ok(route, `${method} ${path}`);
    async function* bytes(): AsyncGenerator<Uint8Array> {
      if (body !== undefined) yield Buffer.from(JSON.stringify(body));
    }
    const headers = { 'content-type': type ?? 'application/json; charset=utf-8' };
    const request = { method, url: path, rawQuery: query, params: {}, query: new URLSearchParams(query), headers };
    const answer = await route.handle({ ...request, body: bytes(), parts: () => bytes() as never }, op);
    const value = JSON.parse(String(answer.body)) as Record<string, unknown>;
    const { success, error } = z.fromJSONSchema(route.answerSchema as never).safeParse(value);
    assert.ok(success, `${path}: ${error?.message}`);
    return value;
  };
}

const readsOnly = (...sees: string[]): Op =>
  testOp({
    institution: sees[0] ?? '',
    ...seeing(...sees),
    may: () => false,
    allow: (action) => {
      throw new Failure('access/denied', action);
    },
  });

const refusedAs = (code: string) => (thrown: unknown) => thrown instanceof Failure && thrown.code === code;

test('lists say what the caller may see: logins are for who administers', async (t) => {
  const ask = await prepared(t);
  const people = async (op: Op): Promise<unknown[]> => {
    const answer = (await ask('GET', '/people', { op })) as { people: { login?: string; name: string }[] };
    return answer.people.map(({ login, name }) => [name, login]);
  };
  assert.deepEqual(await people(testOp()), [
    ['Ana', 'ana'],
    ['Eva', 'eva'],
    ['Luis', 'luis'],
  ]);
  assert.deepEqual(await people(readsOnly('HGM')), [
    ['Ana', undefined],
    ['Eva', undefined],
  ]);
  await assert.rejects(people(readsOnly()), refusedAs('access/denied'));
  const { institutions } = await ask('GET', '/institutions', { op: readsOnly('HGM') });
  assert.deepEqual(institutions, [
    { code: 'HGM', name: 'Hospital General', facilities: [] },
    { code: 'IMSS', name: 'IMSS', facilities: [] },
  ]);
});

test('establishments are found by how their CLUES or name begins', async (t) => {
  const ask = await prepared(t);
  const found = async (begins: string): Promise<string[]> => {
    const query = new URLSearchParams({ begins }).toString();
    const { facilities } = (await ask('GET', '/facilities', { query })) as { facilities: { clues: string }[] };
    return facilities.map(({ clues }) => clues);
  };
  assert.deepEqual(await found('jcssa'), ['JCSSA000999']);
  assert.deepEqual(await found('CLÍNICA 100%'), ['DFIMS000999']);
  assert.deepEqual(await found('%'), []);
  await assert.rejects(found(' '), refusedAs('request/invalid'));
});

test('who administers changes people, roles and marks, and reads it at once', async (t) => {
  const ask = await prepared(t);
  const { person, how } = await ask('POST', '/people', { body: { ...PERSON, login: 'rosa', name: 'Rosa' } });
  assert.equal(how, 'added');
  const role = { person, role: 'steward', institution: 'HGM' };
  assert.deepEqual(await ask('POST', '/roles', { body: role }), { ...role, how: 'added' });
  await assert.rejects(
    ask('POST', '/roles', { body: { ...role, role: 'auditor' } }),
    refusedAs('directory/incompatible'),
  );
  const { people } = (await ask('GET', '/people')) as { people: { id: string; roles: { role: string }[] }[] };
  assert.deepEqual(
    people.find(({ id }) => id === person)?.roles.map((each) => each.role),
    ['steward'],
  );
  await ask('POST', '/roles/end', { body: role });
  await ask('POST', '/people/remove', { body: { person } });
  await ask('POST', '/institutions', { body: { code: 'SSA', name: 'Salud', state: '14' } });
  const mark = { institution: 'HGM', label: 'vip', patientId: 'P1', reason: 'r' };
  await ask('POST', '/sensitivities', { body: mark });
  const { sensitivities } = (await ask('GET', '/sensitivities', { query: 'institution=HGM' })) as {
    sensitivities: unknown[];
  };
  assert.equal(sensitivities.length, 1);
  await ask('POST', '/sensitivities/clear', { body: mark });
  const { incompatible } = (await ask('GET', '/roles')) as { incompatible: unknown[] };
  assert.ok(incompatible.length > 10);
});

test('who does not administer changes nothing, and a body that is none is refused', async (t) => {
  const ask = await prepared(t);
  const op = readsOnly('HGM', 'IMSS');
  const bodies = {
    '/institutions': { code: 'HGM', name: 'Other' },
    '/people': PERSON,
    '/people/remove': { person: 'ana' },
    '/roles': { person: 'ana', role: 'steward', institution: 'HGM' },
    '/roles/end': { person: 'ana', role: 'radiologist', institution: 'HGM' },
    '/sensitivities': { institution: 'HGM', label: 'vip', study: '1.2', reason: 'r' },
    '/sensitivities/clear': { institution: 'HGM', label: 'vip', study: '1.2', reason: 'r' },
  };
  for (const [path, body] of Object.entries(bodies)) {
    // Whether there is such a person is not told either.
    const code = path === '/people/remove' ? 'request/not-found' : 'access/denied';
    await assert.rejects(ask('POST', path, { body, op }), refusedAs(code), path);
    await assert.rejects(ask('POST', path, { body: { ...body, more: 1 } }), refusedAs('request/invalid'), path);
    await assert.rejects(ask('POST', path, { body, type: 'text/plain' }), refusedAs('request/unsupported-type'), path);
  }
  await assert.rejects(ask('GET', '/sensitivities', { op }), refusedAs('access/denied'));
});

test('the description of the API says what a body has to be', () => {
  const none = {
    query: () => Promise.reject(new Error('closed')),
    transaction: () => Promise.reject(new Error('closed')),
  };
  const routes = directoryRoutes({ db: none, directory: new DirectoryView(none, silentLog) });
  const text = JSON.stringify(openApiOf(routes, { title: 'T', version: '1' }));
  for (const word of ['requestBody', 'site-chief', '"login"', '"reason"']) assert.ok(text.includes(word), word);
});
