import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { diskDirectory, embeddedOptions } from '@acervo/testkit/postgres.ts';
import { shippedBinaries } from './binaries.ts';
import { ensureCluster } from './cluster.ts';
import { giveTo, type Launcher, launchersFor } from './launcher.ts';
import { ensureServer, type Server, stopServer } from './postmaster.ts';
import { postgresProcessesOf } from './process-identity.ts';
import { reachability } from './reachability.ts';
import { socketAddress } from './run-directory.ts';

const binaries = embeddedOptions('').binaries ?? shippedBinaries();

async function makeServer(launcher: Launcher): Promise<Server> {
  const home = diskDirectory();
  const runDirectory = join(home, 'run');
  mkdirSync(runDirectory, { mode: 0o700 });
  giveTo(launcher, runDirectory);
  const directory = await ensureCluster(home, binaries, launcher, 1);
  return { binaries, launcher, directory, logDirectory: join(home, 'log'), runDirectory, sharedBuffersMib: 16 };
}

test('every way to run PostgreSQL that this machine allows, in a directory closed to others', async () => {
  const launchers = [...launchersFor(binaries.postgres, diskDirectory())];
  assert.ok(launchers.length > 0);
  for (const launcher of launchers) {
    const server = await makeServer(launcher);
    await ensureServer(server);
    const [first] = postgresProcessesOf(server.directory);
    await ensureServer(server);
    assert.equal(postgresProcessesOf(server.directory)[0], first, 'the same server, found again');
    assert.equal(await reachability(socketAddress(server.runDirectory)), 'ready');
    await stopServer(server);
    assert.equal(await reachability(socketAddress(server.runDirectory)), 'absent');
  }
});

test('a server that does not answer is ended, and started anew', async () => {
  const [launcher] = launchersFor(binaries.postgres, diskDirectory());
  assert.ok(launcher);
  const server = await makeServer(launcher);
  await ensureServer(server);
  const hung = postgresProcessesOf(server.directory);
  for (const pid of hung) process.kill(pid, 'SIGSTOP');
  await ensureServer({ ...server, silenceMsMax: 100 });
  assert.ok(!postgresProcessesOf(server.directory).some((pid) => hung.includes(pid)));
  await stopServer(server);
});
