import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Config, loadConfig } from '@acervo/platform/apps/config.ts';
import { type RunningServer, startServer } from '@acervo/platform/apps/server.ts';
import type { Log } from '@acervo/platform/ports/log.ts';
import { placeCluster } from './made-cluster.ts';
import { silentLog, temporaryDirectory } from './postgres.ts';
import { headerIdentities, hire, type Staff } from './test-people.ts';

export type TestServer = {
  server: RunningServer;
  config: Config;
  url: string;
  /** Of the test's own: what the archive holds lies in `data` of it. */
  directory: string;
  /** Ids of the people that were hired, by login. */
  ids: ReadonlyMap<string, string>;
};

export type TestServerOptions = {
  env?: Readonly<Record<string, string>>;
  /** What the file of ACERVO_ACCESS_FILE says. */
  access?: { systems?: readonly object[]; tokens?: readonly object[] };
  /** Who is in the directory, and comes with `authorization: Person LOGIN`. */
  people?: Staff;
  /** That of a server that was closed is opened again. */
  directory?: string;
  log?: Log;
};

/** A whole server of a test's own on free ports, open to all unless `env` says otherwise; closed after the test. */
export async function testServer(t: TestContext, options: TestServerOptions = {}): Promise<TestServer> {
  const { env = {}, access, people, directory = temporaryDirectory(), log = silentLog } = options;
  const config = loadConfig({
    ACERVO_DATA_DIR: join(directory, 'data'),
    ACERVO_HTTP_PORT: '0',
    ACERVO_DIMSE_PORT: '0',
    ACERVO_ACCESS: 'open',
    ACERVO_SEAL_INTERVAL_MS: '50',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
    ...(access && { ACERVO_ACCESS_FILE: accessFile(access) }),
    ...env,
  });
  await placeCluster({ dataDir: config.dataDir, walSegmentMib: 1, sharedBuffersMib: 16, log: silentLog }, 'migrated');
  const ids = new Map<string, string>();
  const server = await startServer(config, log, people && headerIdentities(ids));
  let isClosed = false;
  const close = async (): Promise<void> => {
    if (!isClosed) await server.close();
    isClosed = true;
  };
  t.after(close);
  if (people !== undefined) await hire(server.archive.database, people, ids);
  return { server: { ...server, close }, config, url: `http://127.0.0.1:${server.httpPort}`, directory, ids };
}

function accessFile(access: object): string {
  const path = join(temporaryDirectory(), 'access.json');
  writeFileSync(path, JSON.stringify(access));
  return path;
}

/** The token of a program that may do everything at its institution: it comes with `authorization: Bearer NAME`. */
export const tokenOf = (name: string, institution: string) => ({
  name,
  sha256: createHash('sha256').update(name).digest('hex'),
  institution,
  actions: ['store', 'read', 'query', 'export', 'administer', 'audit'],
});

/** What an open archive answers, which must be well; what has a body is posted. No body is an empty list. */
export async function asked<Answer>({ url }: Pick<TestServer, 'url'>, path: string, body?: object): Promise<Answer> {
  const post = body && { method: 'POST', body: JSON.stringify(body) };
  const headers = { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) };
  const answer = await fetch(url + path, { headers, ...post });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
  return (text === '' ? [] : JSON.parse(text)) as Answer;
}
