import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { viewOf } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { loadConfig } from '../../apps/config.ts';
import { modelsOf } from '../../apps/cross-matrix-models.fixture.ts';
import { startServer } from '../../apps/server.ts';
import type { Role } from '../../ports/directory.ts';
import type { Identities } from '../../ports/identity.ts';
import { importSeed } from '../directory/seed.ts';
import { committee, demonstrate, limit, SITE, worldOver } from '../governance/governance.fixture.ts';
import { assignmentOver } from '../inference/site-keys.ts';
import { chestOf, storeFile } from '../models/chest.fixture.ts';

export { SITE } from '../governance/governance.fixture.ts';

export const MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' };
const ELSEWHERE = 'HOSPITAL-B';
const LATE_MS = 45_000;
/** Of the site's studies, in percent. */
const SHARE = 50;

/** People by their login, which is their office: they come as `Person LOGIN`, programs as `Bearer A`. */
const PEOPLE: Readonly<Record<string, { institution: string; role: Role }>> = {
  radiologist: { institution: SITE, role: 'radiologist' },
  technician: { institution: SITE, role: 'technician' },
  chief: { institution: SITE, role: 'site-chief' },
  officer: { institution: SITE, role: 'data-protection-officer' },
  stranger: { institution: ELSEWHERE, role: 'radiologist' },
};
export type Who = keyof typeof PEOPLE | 'A';

export type Answer<T> = { status: number; body: T };

/** A whole server, with people, and a signed package in limited use that is for every chest. */
export async function serveAssessed(t: TestContext) {
  const directory = temporaryDirectory();
  const file = join(directory, 'access.json');
  const sha256 = createHash('sha256').update('A').digest('hex');
  const actions = ['store', 'read', 'query', 'export', 'administer', 'audit'];
  writeFileSync(file, JSON.stringify({ tokens: [{ name: 'A', sha256, institution: SITE, actions }] }));
  const config = loadConfig({
    ACERVO_DATA_DIR: join(directory, 'data'),
    ACERVO_HTTP_PORT: '0',
    ACERVO_DIMSE_PORT: '0',
    ACERVO_ACCESS_FILE: file,
    ACERVO_SEAL_INTERVAL_MS: '50',
    ACERVO_AI_QUIET_SECONDS: '0',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });
  const ids = new Map<string, string>();
  const server = await startServer(config, silentLog, identitiesOf(ids));
  t.after(() => server.close());
  const { database } = server.archive;
  const url = `http://127.0.0.1:${server.httpPort}`;
  await hire(database, ids);
  await modelsOf({ server, url, directory }, SITE, 'Física Médica');
  const world = worldOver(database, new Date());
  const people = await committee(world);
  await demonstrate(world, people, 'silencioso', MODEL);
  await limit(world, people, SHARE, MODEL);
  await t.waitFor(() => assert.equal(server.modelStates.runningAt(SITE)[0]?.stage, 'limitado'), { timeout: LATE_MS });
  const ask = async (who: Who, method: string, path: string, body?: object): Promise<Response> => {
    const authorization = who === 'A' ? 'Bearer A' : `Person ${who}`;
    const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
    return fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  };
  const json = async <Body>(who: Who, method: string, path: string, body?: object): Promise<Answer<Body>> => {
    const answer = await ask(who, method, path, body);
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  const rule = { effect: 'run', id: 'torax', institution: SITE, model: MODEL.model, scope: { modality: ['CR'] } };
  assert.equal((await json('A', 'POST', '/api/ai/rules', rule)).status, 200);
  return { server, config, database, ids, ask, json, directory, study: await studyOf(database) };
}

/** A study that the share has. */
async function studyOf(database: Parameters<typeof assignmentOver>[0]): Promise<string> {
  const isAssigned = assignmentOver(database);
  let number = 1;
  while (!(await isAssigned(SITE, `2.25.4600.${number}`, SHARE))) number += 1;
  return `2.25.4600.${number}`;
}

export type Served = Awaited<ReturnType<typeof serveAssessed>>;

function identitiesOf(ids: ReadonlyMap<string, string>): Identities {
  return {
    of: ({ headers }) => {
      const login = /^Person (.+)$/.exec(headers['authorization'] ?? '')?.[1];
      if (login === undefined) return Promise.resolve(undefined);
      const id = ids.get(login) ?? 'nobody';
      return Promise.resolve({ kind: 'person', id, strength: 'second-factor', purpose: '', institution: '' });
    },
  };
}

async function hire(database: Served['database'], ids: Map<string, string>): Promise<void> {
  const people = Object.entries(PEOPLE).map(([login, { institution, role }]) => {
    return { login, name: `Persona ${login}`, institution, roles: [{ role, institution }] };
  });
  const institutions = [SITE, ELSEWHERE].map((code) => ({ code, name: code }));
  await importSeed(database, testOp(), { institutions, people });
  const rows = await database.query<{ id: string; login: string }>('select id::text as id, login from person');
  for (const { id, login } of rows) ids.set(login, id);
}

/** A chest with an opacity. @returns its bytes as they were sent */
export async function storeChest({ server, study }: Served): Promise<Uint8Array> {
  const file = chestOf(study, true);
  await storeFile(server.archive.holdings.store, testOp({ institution: SITE }), file);
  return file;
}

/** Entries of a ZIP archive whose bodies are stored, as its central directory tells them (APPNOTE 4.3.12). */
export function unzipped(archive: Uint8Array): Map<string, Uint8Array> {
  const view = viewOf(archive);
  const end = archive.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  const entries = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    const [name, extra] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const [bytes, local] = [view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
    const body = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const text = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + name));
    entries.set(text, archive.subarray(body, body + bytes));
    at += 46 + name + extra;
  }
  return entries;
}
