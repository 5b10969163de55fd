import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '../../test/harness/orthanc.ts';
import type { Bench } from '../row.ts';
import { cpuSecondsOf } from './proc.ts';

const NGINX = '/usr/sbin/nginx';
const READY_MS = 10_000;
const POLL_MS = 50;

/** A running nginx that serves a folder as plain files: sendfile, one worker for each core, no access log. */
export type Nginx = { http: string; detail: string; cpuSeconds(): number };

/** Start nginx on a folder; it ends with the row. @returns undefined where there is none */
export async function startNginx(bench: Bench, folder: string): Promise<Nginx | undefined> {
  if (!existsSync(NGINX)) return undefined;
  const home = join(bench.scratch, 'nginx');
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const config = join(home, 'nginx.conf');
  writeFileSync(config, configOf(home, folder, port));
  const log = join(home, 'nginx.log');
  const output = openSync(log, 'w');
  const child = spawn(NGINX, ['-c', config, '-e', log], { stdio: ['ignore', output, output] });
  const exited = once(child, 'exit');
  bench.after(async () => {
    child.kill('SIGTERM');
    await exited;
  });
  const http = `http://127.0.0.1:${port}`;
  for (const until = performance.now() + READY_MS; child.exitCode === null; await pause(POLL_MS)) {
    const answer = await fetch(http).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) {
      const version = answer.headers.get('server') ?? 'nginx';
      return { http, detail: `${version}, sendfile`, cpuSeconds: () => cpuSecondsOf([child.pid as number]) };
    }
    if (performance.now() > until) break;
  }
  throw new Error(`nginx did not become ready\n${readFileSync(log, 'utf8').slice(-2000)}`);
}

/** Root stays root, since nobody else may look into the folder of a row. */
function configOf(home: string, folder: string, port: number): string {
  return `${process.getuid?.() === 0 ? 'user root;' : ''}
daemon off;
worker_processes auto;
pid ${home}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  default_type application/dicom;
  client_body_temp_path ${home}/body;
  proxy_temp_path ${home}/proxy;
  fastcgi_temp_path ${home}/fastcgi;
  uwsgi_temp_path ${home}/uwsgi;
  scgi_temp_path ${home}/scgi;
  open_file_cache max=10000;
  server { listen 127.0.0.1:${port}; root ${folder}; }
}
`;
}
