import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './orthanc.ts';

const READY_MS_MAX = 20_000;
const AGAIN_MS = 50;

/** Start a server of DCMTK that listens on the port it is given; ends with the test. */
async function startPeer(t: TestContext, command: string, args: readonly string[], port: number): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    log += text;
  });
  const exited = once(child, 'exit');
  t.after(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  const end = performance.now() + READY_MS_MAX;
  while (!(await isOpen(port))) {
    if (performance.now() > end || child.exitCode !== null) throw new Error(`${command} does not listen\n${log}`);
    await pause(AGAIN_MS);
  }
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // Not yet.
  } finally {
    socket.destroy();
  }
}

/** storescp, which keeps what it gets in a folder. @returns its port */
export async function startStorescp(t: TestContext, folder: string, ...args: readonly string[]): Promise<number> {
  const port = await freePort();
  mkdirSync(folder, { recursive: true });
  await startPeer(t, 'storescp', ['-od', folder, ...args, `${port}`], port);
  return port;
}

/** dcmqrscp, which knows one caller and itself is called COMMON. @returns its port */
export async function startDcmqrscp(t: TestContext, folder: string, callingAet: string): Promise<number> {
  const port = await freePort();
  const home = join(folder, 'dcmqrscp');
  mkdirSync(home, { recursive: true });
  const config = join(folder, 'dcmqrscp.cfg');
  writeFileSync(
    config,
    `NetworkTCPPort = ${port}
MaxPDUSize = 16384
MaxAssociations = 16
HostTable BEGIN
known = (${callingAet}, localhost, 104)
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
COMMON ${home} RW (200, 1024mb) known
AETable END
`,
  );
  await startPeer(t, 'dcmqrscp', ['-c', config], port);
  return port;
}
