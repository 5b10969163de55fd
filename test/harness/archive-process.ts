import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { placeCluster } from '@acervo/testkit/made-cluster.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import type { Owner } from './owner.ts';

const MAIN = join(import.meta.dirname, '../../packages/platform/src/apps/main.ts');
/** As `bin/acervo` starts it. */
const RUNTIME = JSON.parse(readFileSync(join(import.meta.dirname, '../../bin/runtime.json'), 'utf8')) as {
  flags: string[];
  env: Record<string, string>;
};
const READY_MS = 60_000;
const SHARED_BUFFERS_MIB = 32;
/** As where nothing is set. */
const WAL_SEGMENT_MIB = 16;

/** A running `acervo serve` on ports of its own. */
export type ArchiveProcess = {
  http: string;
  dimsePort: number;
  /** Where certificates are set. */
  https: string | undefined;
  dimseTlsPort: number;
  aeTitle: string;
  pid: number;
  /** Milliseconds from the start of the process to its ready line. */
  startMs: number;
  /** Ask it to end. @returns the exit code */
  stop(): Promise<number | null>;
  /** kill -9. */
  kill(): Promise<void>;
  /** Everything it logged so far. */
  logText(): string;
};

/** Servers by their data directories: hooks run in the order of their making, so a folder's would come too early. */
const servers: { dataDir: string; child: ChildProcess; exited: Promise<unknown> }[] = [];

async function endServersIn(folder: string): Promise<void> {
  for (const { dataDir, child, exited } of servers) {
    if (!dataDir.startsWith(folder)) continue;
    child.kill('SIGKILL');
    await exited;
  }
}

/** A folder of a test's own, removed at its end with whatever still runs on it. */
export function scratch(t: Owner, name: string): string {
  return scratchIn(t, tmpdir(), name);
}

/** The same on a disk, also where a run keeps what it makes in memory: for what is large, or about a disk. */
export function diskScratch(t: Owner, name: string): string {
  return scratchIn(t, process.env['ACERVO_TEST_DISK'] ?? tmpdir(), name);
}

function scratchIn(t: Owner, parent: string, name: string): string {
  const folder = mkdtempSync(join(parent, `acervo-${name}-`));
  t.after(async () => {
    await endProcessesIn(folder);
    if (process.env['ACERVO_TEST_KEEP'] !== '1')
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  return folder;
}

/**
 * Start `acervo serve` on a data directory, which gets a cluster with the schema where it is new: to make one is most
 * of a first start, and the same for each. Ends with its owner.
 */
export async function startArchive(
  t: Owner,
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<ArchiveProcess> {
  const settings = { ...environment(dataDir), ...env };
  if (settings['ACERVO_DATABASE_URL'] === undefined) {
    const walSegmentMib = Number(settings['ACERVO_PG_WAL_SEGMENT_MIB'] ?? WAL_SEGMENT_MIB);
    await placeCluster({ dataDir, walSegmentMib, sharedBuffersMib: SHARED_BUFFERS_MIB, log: silentLog }, 'migrated');
  }
  return startAsIs(t, dataDir, env);
}

/** Start `acervo serve`, or what stands in for it, on a data directory as it is: in an empty one it makes all. */
export async function startAsIs(
  t: Owner,
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
  wrapper: readonly string[] = [],
  main: string = MAIN,
): Promise<ArchiveProcess> {
  const startedAt = performance.now();
  const [command = process.execPath, ...before] = wrapper;
  const serve = [...RUNTIME.flags, main, 'serve', '--json'];
  const args = wrapper.length === 0 ? serve : [...before, process.execPath, ...serve];
  const child = spawn(command, args, {
    env: { ...RUNTIME.env, ...process.env, ...environment(dataDir), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'exit');
  servers.push({ dataDir, child, exited });
  t.after(() => killQuietly(child.pid));
  const log: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => log.push(chunk.toString()));
  const ready = await readyLine(child, () => log.join(''));
  const portOf = (address = ''): number => Number(address.slice(address.lastIndexOf(':') + 1));
  return {
    http: ready.http,
    https: ready.https,
    dimsePort: portOf(ready.dimse),
    dimseTlsPort: portOf(ready.dimseTls),
    aeTitle: 'ACERVO',
    pid: child.pid as number,
    startMs: performance.now() - startedAt,
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    logText: () => log.join(''),
  };
}

/** Run another command of `acervo` to its end. @param onStart  told its process id */
export async function runAcervo(
  dataDir: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onStart: (pid: number) => void = () => {},
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...environment(dataDir), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) onStart(child.pid);
  const texts = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'exit')) as [number | null];
  const [out, err] = await texts;
  return { code, out, err };
}

/** Process id of the embedded postmaster of a data directory, if there is one. */
export function postmasterOf(dataDir: string): number | undefined {
  try {
    return Number(readFileSync(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8').split('\n')[0]);
  } catch {
    return undefined; // No cluster, or not running: there is nobody to name.
  }
}

function environment(dataDir: string): Readonly<Record<string, string>> {
  const outer = process.env['ACERVO_TEST_DATABASE_URL'];
  return {
    ACERVO_DATA_DIR: dataDir,
    ACERVO_ACCESS: 'open',
    ACERVO_HTTP_PORT: '0',
    ACERVO_DIMSE_PORT: '0',
    ACERVO_HTTPS_PORT: '0',
    ACERVO_DIMSE_TLS_PORT: '0',
    ACERVO_LOG_LEVEL: 'info',
    ACERVO_DISK_FREE_MIN_MIB: '0',
    ACERVO_PG_SHARED_BUFFERS_MIB: `${SHARED_BUFFERS_MIB}`,
    ...(outer !== undefined && { ACERVO_DATABASE_URL: outer }),
  };
}

type Ready = { http: string; dimse: string; https?: string; dimseTls?: string };

async function readyLine(child: ChildProcess, log: () => string): Promise<Ready> {
  assert.ok(child.stdout);
  const lines = createInterface(child.stdout);
  const timer = setTimeout(() => child.kill('SIGKILL'), READY_MS);
  try {
    for await (const line of lines) return JSON.parse(line) as Ready;
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`acervo serve did not become ready\n${log().slice(-4000)}`);
}

async function text(stream: AsyncIterable<Buffer> | null): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Kill what still works in a folder: its servers, and the PostgreSQL that a killed server leaves. */
export async function endProcessesIn(folder: string): Promise<void> {
  await endServersIn(folder);
  for (const pid of postmastersOf(folder)) killQuietly(pid);
}

function* postmastersOf(folder: string): Generator<number> {
  for (const dataDir of [folder, join(folder, 'data'), join(folder, 'restored')]) {
    const pid = postmasterOf(dataDir);
    if (pid !== undefined) yield pid;
  }
}

function killQuietly(pid: number | undefined): void {
  // A file that is just being written names nobody, and 0 would be everybody in our own process group.
  if (pid === undefined || !(pid > 1)) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
