import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './orthanc.ts';
import { runPeer } from './run-peer.ts';

const READY_MS = 20_000;
const POLL_MS = 50;
export const QRSCP_AET = 'QRSCP';

/** DCMTK's archive, on a port of its own, with these files in it; ends with the test. */
export async function startDcmqrscp(t: TestContext, folder: string, files: readonly string[]): Promise<number> {
  const [port, database, config] = [await freePort(), join(folder, 'dcmqrscp'), join(folder, 'dcmqrscp.cfg')];
  mkdirSync(database);
  const lines = [
    `NetworkTCPPort = ${port}`,
    'MaxPDUSize = 16384',
    'MaxAssociations = 16',
    'HostTable BEGIN',
    'HostTable END',
    'VendorTable BEGIN',
    'VendorTable END',
    'AETable BEGIN',
    `${QRSCP_AET} ${database} RW (200, 1024mb) ANY`,
    'AETable END',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  const child = spawn('dcmqrscp', ['-c', config, String(port)], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const where = ['-aec', QRSCP_AET, '127.0.0.1', String(port)];
  const until = performance.now() + READY_MS;
  while ((await runPeer('echoscu', where)).code !== 0) {
    assert.ok(performance.now() < until, 'dcmqrscp did not become ready');
    await pause(POLL_MS);
  }
  const { code, output } = await runPeer('storescu', [...where, ...files]);
  assert.equal(code, 0, output);
  return port;
}
