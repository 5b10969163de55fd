import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { Issued } from '@acervo/testkit/certificates.ts';
import { freePort } from './orthanc.ts';

const READY_MS = 20_000;
const POLL_MS = 50;

/** A real rsyslog with TLS (imtcp, GnuTLS), which asks for certificates, on a port of its own. */
export type Rsyslog = {
  port: number;
  start(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** What it wrote: each message as it came, without its frame. */
  lines(): string[];
  /** What it says of itself. */
  logText(): string;
};

export async function rsyslogIn(
  t: TestContext,
  folder: string,
  { certFile, keyFile, caFile }: Issued & { caFile: string },
): Promise<Rsyslog> {
  const home = join(folder, 'rsyslog');
  mkdirSync(home);
  const port = await freePort();
  const [config, output, own] = [join(home, 'rsyslog.conf'), join(home, 'messages'), join(home, 'own')];
  // The queues are as Debian has them: in memory, and lost with the process.
  writeFileSync(
    config,
    `global(workDirectory="${home}" maxMessageSize="32k" defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${caFile}"
  defaultNetstreamDriverCertFile="${certFile}" defaultNetstreamDriverKeyFile="${keyFile}")
module(load="imtcp" StreamDriver.Name="gtls" StreamDriver.Mode="1" StreamDriver.AuthMode="x509/certvalid")
template(name="whole" type="string" string="%rawmsg%\\n")
input(type="imtcp" address="127.0.0.1" port="${port}" ruleset="audit")
ruleset(name="audit") { action(type="omfile" file="${output}" template="whole") }
action(type="omfile" file="${own}")
`,
  );
  let child: ChildProcess | undefined;
  let log = '';
  const kill = async (): Promise<void> => {
    if (child === undefined || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    child = undefined;
  };
  t.after(kill);
  return {
    port,
    kill,
    start: async () => {
      const args = ['-n', '-f', config, '-i', join(home, `pid-${Date.now()}`)];
      child = spawn('rsyslogd', args, { stdio: ['ignore', 'pipe', 'pipe'] });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding('utf8').on('data', (text: string) => {
          log += text;
        });
      }
      await listens(port, () => log);
    },
    lines: () => textOf(output).split('\n').slice(0, -1),
    logText: () => log + textOf(own),
  };
}

async function listens(port: number, log: () => string): Promise<void> {
  const end = performance.now() + READY_MS;
  for (;;) {
    const socket = connect({ host: '127.0.0.1', port });
    try {
      await once(socket, 'connect');
      return;
    } catch {
      assert.ok(performance.now() < end, `rsyslog does not listen\n${log()}`);
      await pause(POLL_MS);
    } finally {
      socket.destroy();
    }
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // Nothing came yet.
  }
}
