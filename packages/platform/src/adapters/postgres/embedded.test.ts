import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { diskDirectory, embeddedOptions } from '@acervo/testkit/postgres.ts';
import pg from 'pg';
import { type ConnectionParameters, type EmbeddedPostgres, embeddedPostgres } from './embedded.ts';
import { postgresProcessesOf, processIdentity } from './process-identity.ts';
import { runDirectory } from './run-directory.ts';

const clusterOf = (dataDir: string): string => join(dataDir, 'postgres/cluster');

function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(clusterOf(dataDir), 'postmaster.pid'), 'utf8'), 10);
}

function supervise(t: TestContext, dataDir: string): EmbeddedPostgres {
  const supervisor = embeddedPostgres(embeddedOptions(dataDir));
  t.after(() => supervisor.stop());
  return supervisor;
}

async function ask(to: ConnectionParameters, text: string, user = to.appRole): Promise<unknown[]> {
  const client = new pg.Client({ ...to.address, user });
  await client.connect();
  try {
    return (await client.query({ text, rowMode: 'array' })).rows.flat();
  } finally {
    await client.end();
  }
}

/** Another process of the archive: says `ready` when the database runs, stops it in order at end of input. */
async function otherProcess(t: TestContext, dataDir: string): Promise<ChildProcess> {
  const code = `
    import { embeddedPostgres } from '${import.meta.dirname}/embedded.ts';
    import { embeddedOptions } from '@acervo/testkit/postgres.ts';
    const supervisor = embeddedPostgres(embeddedOptions('${dataDir}'));
    await supervisor.ensureRunning();
    console.log('ready');
    process.stdin.resume().on('end', () => supervisor.stop());`;
  const options = ['--input-type=module', '-e', code];
  const child = spawn(process.execPath, options, { cwd: import.meta.dirname, stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  for await (const line of createInterface(child.stdout)) if (line === 'ready') break;
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  child.stdin?.end();
  await once(child, 'exit');
}

test('a server of our own: durable, checked, local, and stopped with us', async (t) => {
  const dataDir = join(diskDirectory(), 'Dr. "O\'Hara", main');
  const supervisor = supervise(t, dataDir);
  const to = await supervisor.ensureRunning();
  const names = ['data_checksums', 'fsync', 'full_page_writes', 'wal_sync_method', 'listen_addresses', 'jit'];
  const shown = await ask(to, `select ${names.map((name) => `current_setting('${name}')`).join(', ')}`);
  assert.deepEqual(shown, ['on', 'on', 'on', 'fdatasync', '', 'off']);
  assert.deepEqual(
    await ask(to, "select datlocprovider::text, 'ñandú' < 'oso' from pg_database where datname = 'acervo'"),
    ['i', true],
  );
  await assert.rejects(ask(to, 'create table t (a int)'), { code: '42501' });
  await ask(to, 'create table t (a int)', to.ownerRole);
  const postmaster = postmasterOf(dataDir);
  await supervisor.stop();
  assert.equal(processIdentity(postmaster), undefined);
  assert.deepEqual(postgresProcessesOf(clusterOf(dataDir)), []);
});

test('a server that is killed runs again, with what was committed', async (t) => {
  const dataDir = diskDirectory();
  const supervisor = supervise(t, dataDir);
  const to = await supervisor.ensureRunning();
  await ask(to, 'create table t as select 7 as a; grant select on t to acervo_app', to.ownerRole).catch(() => {});
  const killed = postmasterOf(dataDir);
  process.kill(killed, 'SIGKILL');
  await supervisor.ensureRunning();
  assert.deepEqual(await ask(to, 'select a from t'), [7]);
  assert.notEqual(postmasterOf(dataDir), killed);
});

test('a server that outlived its process is found, and a killed process does not hold the lock', async (t) => {
  const dataDir = diskDirectory();
  const other = await otherProcess(t, dataDir);
  const postmaster = postmasterOf(dataDir);
  other.kill('SIGKILL');
  await once(other, 'exit');
  const supervisor = supervise(t, dataDir);
  await supervisor.ensureRunning();
  assert.equal(postmasterOf(dataDir), postmaster);
  await supervisor.stop();
  assert.equal(processIdentity(postmaster), undefined);
});

test('processes that start at the same time share one server; the last to stop ends it', async (t) => {
  const dataDir = diskDirectory();
  const supervisor = supervise(t, dataDir);
  const [one, two, to] = await Promise.all([
    otherProcess(t, dataDir),
    otherProcess(t, dataDir),
    supervisor.ensureRunning(),
  ]);
  const postmaster = postmasterOf(dataDir);
  await end(one);
  assert.deepEqual(await ask(to, 'select 1'), [1]);
  await supervisor.stop();
  assert.notEqual(processIdentity(postmaster), undefined, 'the second process still uses it');
  await end(two);
  assert.equal(processIdentity(postmaster), undefined);
});

test('remains of a crash do not keep it from starting: half a cluster, the lock file of another process', async (t) => {
  const dataDir = diskDirectory();
  const half = join(dataDir, 'postgres/cluster.new-1/base');
  mkdirSync(half, { recursive: true, mode: 0o700 });
  writeFileSync(join(dataDir, 'postgres/supervisor.1'), `another-boot ${process.pid} 1`);
  const supervisor = supervise(t, dataDir);
  await supervisor.ensureRunning();
  await supervisor.stop();
  assert.equal(existsSync(half), false);
  const alive = process.ppid;
  writeFileSync(join(clusterOf(dataDir), 'postmaster.pid'), `${alive}\n${clusterOf(dataDir)}\n1\n5432\n`);
  await ask(await supervisor.ensureRunning(), 'select 1');
  assert.notEqual(postmasterOf(dataDir), alive);
});

test('a data directory whose path is too long for a socket', async (t) => {
  const dataDir = join(diskDirectory(), 'd'.repeat(60), 'e'.repeat(60));
  const run = runDirectory(dataDir);
  assert.ok(!run.startsWith(dataDir));
  assert.deepEqual(await ask(await supervise(t, dataDir).ensureRunning(), 'select 1'), [1]);
  assert.ok(readdirSync(run).includes('.s.PGSQL.5432'));
  process.once('exit', () => rmSync(run, { recursive: true, force: true }));
});

test('a cluster of another major version is refused by name', async (t) => {
  const dataDir = diskDirectory();
  mkdirSync(clusterOf(dataDir), { recursive: true, mode: 0o700 });
  writeFileSync(join(clusterOf(dataDir), 'PG_VERSION'), '11\n');
  const isRefusal = (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === 'config/invalid' && thrown.detail.includes('PostgreSQL 11');
  await assert.rejects(supervise(t, dataDir).ensureRunning(), isRefusal);
});
