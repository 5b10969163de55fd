import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  hasOperatorPostgres,
  type OperatorPostgres,
  startOperatorPostgres,
} from '../../test/harness/operator-postgres.ts';
import { freePort } from '../../test/harness/orthanc.ts';
import type { Bench } from '../row.ts';
import { cpuSecondsOf, proportionalBytesOf, residentOf } from './proc.ts';

/** A root made by ../shared/tools/orthanc-chroot.sh, with a newer Orthanc than Debian stable has. */
const ROOT = process.env['ACERVO_BENCH_ORTHANC_ROOT'] ?? '/opt/orthanc-1.12';
const PROGRAM = 'usr/sbin/Orthanc';
const PLUGINS = '/usr/share/orthanc/plugins';
const READY_MS = 30_000;
const POLL_MS = 50;
const DICOM_AET = 'ORTHANC';

export type OrthancOptions = {
  index?: 'sqlite' | 'postgresql';
  /** Leave Nagle's algorithm on, as it is out of the box. Default: TCP_NODELAY=1. */
  isNagle?: boolean;
  /** Configuration that differs from what is shipped. */
  config?: Readonly<Record<string, unknown>>;
};

/** A running Orthanc under measurement, as shipped but for what `OrthancOptions` says. */
export type Orthanc = {
  http: string;
  dimsePort: number;
  aeTitle: string;
  pid: number;
  /** Product, version, index: for the table. */
  detail: string;
  /** Of the server and, with a PostgreSQL index, of its PostgreSQL, since they started. */
  cpuSeconds(): number;
  databaseCpuSeconds(): number;
  resident(): { bytes: number; peakBytes: number };
  databaseBytes(): number;
  /** Ask its REST API. @throws for anything but success */
  ask<T>(path: string, init?: { method: string; body: string }): Promise<T>;
  stop(): Promise<void>;
};

/** Start the newest Orthanc that is present; it ends with the row. @returns undefined where there is none to start */
export async function startOrthanc(bench: Bench, options: OrthancOptions = {}): Promise<Orthanc | undefined> {
  const { index = 'sqlite', isNagle = false, config = {} } = options;
  const root = orthancRoot();
  if (root === undefined || (index === 'postgresql' && !hasOperatorPostgres())) return undefined;
  // Inside the root that the server will have, on the disk that everything is measured on.
  const folder = mkdtempSync(join(root === '/' ? bench.scratch : join(root, 'srv'), 'orthanc-'));
  bench.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  if (statSync(folder).dev !== statSync(bench.scratch).dev)
    throw new Error(`${folder} and ${bench.scratch} lie on different disks: set ACERVO_BENCH_SCRATCH`);
  const inside = root === '/' ? folder : folder.slice(root.length);
  const database = index === 'postgresql' ? await startDatabase(bench, folder) : undefined;
  const [httpPort, dimsePort] = [await freePort(), await freePort()];
  const shipped = {
    Name: 'peer',
    StorageDirectory: `${inside}/storage`,
    IndexDirectory: `${inside}/storage`,
    HttpPort: httpPort,
    DicomPort: dimsePort,
    DicomAet: DICOM_AET,
    AuthenticationEnabled: false,
    RemoteAccessAllowed: false,
    DicomWeb: { Enable: true, Root: '/dicom-web/' },
    Plugins: [`${PLUGINS}/libOrthancDicomWeb.so`],
  };
  const all = { ...shipped, ...(database && databaseConfig(database, inside)), ...config };
  writeFileSync(join(folder, 'orthanc.json'), JSON.stringify(all));
  const log = join(folder, 'orthanc.log');
  const words = [...inRoot(root), `/${PROGRAM}`, `${inside}/orthanc.json`];
  const server = start(bench, words, log, isNagle);
  const http = `http://127.0.0.1:${httpPort}`;
  const ask = <T>(path: string, init?: { method: string; body: string }): Promise<T> => asked(http + path, init);
  const { Version: version } = await ready(() => ask<{ Version: string }>('/system'), server.isRunning, log);
  const pids = [server.pid, ...(database ? [database.pid()] : [])];
  return {
    http,
    dimsePort,
    aeTitle: DICOM_AET,
    pid: server.pid,
    detail: `Orthanc ${version}, ${database?.version ?? 'SQLite'}`,
    cpuSeconds: () => cpuSecondsOf(pids),
    databaseCpuSeconds: () => cpuSecondsOf(database ? [database.pid()] : []),
    resident: () => residentOf(server.pid),
    databaseBytes: () => proportionalBytesOf(database ? [database.pid()] : []),
    ask,
    stop: server.stop,
  };
}

/** Root of the newest Orthanc that can be started here. */
function orthancRoot(): string | undefined {
  if (process.getuid?.() === 0 && existsSync(join(ROOT, PROGRAM))) return ROOT;
  return existsSync(join('/', PROGRAM)) ? '/' : undefined;
}

const inRoot = (root: string): string[] => (root === '/' ? [] : ['chroot', root]);

async function startDatabase(bench: Bench, folder: string): Promise<OperatorPostgres> {
  const directory = join(folder, 'postgresql');
  mkdirSync(directory);
  const database = await startOperatorPostgres(bench, directory);
  bench.after(database.stop);
  return database;
}

/** By the same kind of socket that ours uses, seen from inside the server's root. */
function databaseConfig({ socketDirectory, user, database }: OperatorPostgres, inside: string): object {
  const host = `${inside}${socketDirectory.slice(socketDirectory.lastIndexOf('/'))}`;
  return {
    Plugins: [`${PLUGINS}/libOrthancDicomWeb.so`, `${PLUGINS}/libOrthancPostgreSQLIndex.so`],
    PostgreSQL: {
      EnableIndex: true,
      EnableStorage: false,
      Host: host,
      Port: 5432,
      Database: database,
      Username: user,
      Password: '',
      EnableSsl: false,
    },
  };
}

type Started = { pid: number; isRunning(): boolean; stop(): Promise<void> };

function start(bench: Bench, [command = '', ...words]: string[], log: string, isNagle: boolean): Started {
  const { TCP_NODELAY: _, ...env } = process.env;
  const output = openSync(log, 'w');
  const child = spawn(command, words, {
    stdio: ['ignore', output, output],
    env: isNagle ? env : { ...env, TCP_NODELAY: '1' },
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
    await exited;
    clearTimeout(timer);
  };
  bench.after(stop);
  if (child.pid === undefined) throw new Error(`${command} does not start`);
  return { pid: child.pid, isRunning: () => child.exitCode === null && child.signalCode === null, stop };
}

async function asked<T>(url: string, init?: { method: string; body: string }): Promise<T> {
  const answer = await fetch(url, init);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()) as T;
}

async function ready<T>(ask: () => Promise<T>, isRunning: () => boolean, log: string): Promise<T> {
  for (const until = performance.now() + READY_MS; performance.now() < until && isRunning(); await pause(POLL_MS)) {
    const answer = await ask().catch(() => undefined);
    if (answer !== undefined) return answer;
  }
  throw new Error(`Orthanc did not become ready\n${readFileSync(log, 'utf8').slice(-4000)}`);
}
