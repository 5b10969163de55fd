import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type ArchiveProcess,
  endProcessesIn,
  postmasterOf,
  runAcervo,
  startAsIs,
} from '../../test/harness/archive-process.ts';
import type { Bench } from '../row.ts';
import { cpuSecondsOf, proportionalBytesOf, residentOf } from './proc.ts';

/** Who may enter under enforced access: the load's calling AE title, and whoever has this token. */
export const CALLING_AET = 'STORESCU';
const TOKEN = 'bench-token';
const INSTITUTION = 'BENCH';
const STOP_MS_MAX = 15_000;
const MAIN_ENV = {
  // As shipped: what a test makes smaller is put back.
  ACERVO_PG_SHARED_BUFFERS_MIB: '128',
  ACERVO_DISK_FREE_MIN_MIB: '1024',
  ACERVO_ACCESS: 'enforced',
  // One caller asks for what thousands do: its rate is what is measured.
  ACERVO_HTTP_CALLER_RATE: '0',
  ACERVO_HTTP_INSTITUTION_RATE: '0',
  ACERVO_LOG_LEVEL: 'warn',
  // As `bin/acervo` starts it: what Node made of the sources before.
  NODE_COMPILE_CACHE: join(import.meta.dirname, '../../node_modules/.cache/acervo'),
};

export type AcervoOptions = {
  /** A data directory of a server that has ended, or of another one on the same database. Default: a new one. */
  dataDir?: string;
  /** Settings that differ from what is shipped. */
  env?: Readonly<Record<string, string>>;
  /** Of the load. Default: BENCH. */
  institution?: string;
  /** Systems that it knows beside the load's: where a C-MOVE may go. */
  systems?: readonly { aeTitle: string; host: string; port: number; isMoveDestination: boolean }[];
};

/** A running `acervo serve` under measurement. Access is enforced: requests carry `headers`. */
export type Acervo = Pick<ArchiveProcess, 'http' | 'dimsePort' | 'aeTitle' | 'pid' | 'startMs' | 'stop' | 'kill'> & {
  dataDir: string;
  headers: Readonly<Record<string, string>>;
  /** Of the server and its own PostgreSQL, since they started. */
  cpuSeconds(): number;
  /** Of that, its PostgreSQL's. */
  databaseCpuSeconds(): number;
  /** Of the server's process alone: now, and the most it ever was. */
  resident(): { bytes: number; peakBytes: number };
  /** Of its own PostgreSQL, all processes together, shared pages counted once. */
  databaseBytes(): number;
  /**
   * Proves, from what lies in the data directory, that every object which was answered is durable, digested and
   * journaled, and reads from the running server that access is checked. @throws where something is not so
   */
  guarantees(instancesAtLeast: number): Promise<readonly string[]>;
};

let started = 0;

/** Start a server for a row; it ends with the row. */
export async function startAcervo(
  bench: Bench,
  { dataDir, env = {}, institution = INSTITUTION, systems = [] }: AcervoOptions = {},
): Promise<Acervo> {
  started += 1;
  const folder = dataDir ?? join(bench.scratch, `acervo-${started}`);
  mkdirSync(folder, { recursive: true });
  const access = { ACERVO_ACCESS_FILE: accessFile(folder, institution, systems), ACERVO_INSTITUTION: institution };
  const settings = { ...MAIN_ENV, ...access, ...profiling(bench), ...env };
  bench.after(() => endProcessesIn(folder));
  const server = await startAsIs(bench, folder, settings);
  bench.after(() => Promise.race([server.stop(), pause(STOP_MS_MAX, undefined, { ref: false })]));
  const database = (): number[] => [postmasterOf(folder)].filter((pid) => pid !== undefined);
  const headers = { authorization: `Bearer ${TOKEN}` };
  return {
    ...server,
    dataDir: folder,
    headers,
    // The postmaster is the server's child, or was adopted from one before it.
    cpuSeconds: () => cpuSecondsOf([server.pid, ...database()]),
    databaseCpuSeconds: () => cpuSecondsOf(database()),
    resident: () => residentOf(server.pid),
    databaseBytes: () => proportionalBytesOf(database()),
    guarantees: (atLeast) => guaranteesOf(server, { folder, settings, headers, atLeast }),
  };
}

function accessFile(folder: string, institution: string, systems: NonNullable<AcervoOptions['systems']>): string {
  const path = `${folder}-access.json`;
  const sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const actions = ['store', 'read', 'query', 'export', 'administer'];
  writeFileSync(
    path,
    JSON.stringify({
      systems: [{ aeTitle: CALLING_AET }, ...systems].map((system) => ({ ...system, institution })),
      tokens: [{ name: 'bench', sha256, institution, actions }],
    }),
  );
  return path;
}

function profiling({ profiles }: Bench): Record<string, string> {
  return profiles === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profiles}` };
}

type Wanted = {
  folder: string;
  settings: Record<string, string>;
  headers: Readonly<Record<string, string>>;
  atLeast: number;
};

async function guaranteesOf(server: ArchiveProcess, wanted: Wanted): Promise<string[]> {
  const { folder, settings, headers, atLeast } = wanted;
  const stranger = (await fetch(`${server.http}/dicom-web/studies?limit=1`)).status;
  const known = (await fetch(`${server.http}/dicom-web/studies?limit=1`, { headers })).status;
  if (stranger !== 401 || known >= 300) throw new Error(`access is not checked: ${stranger} without a token, ${known}`);
  const metrics = await (await fetch(`${server.http}/metrics`, { headers })).text();
  const groups = Number(/^acervo_group_commit_seconds_count (\d+)$/m.exec(metrics)?.[1] ?? 0);
  await server.stop();
  const { NODE_OPTIONS: _, ...env } = settings;
  const { out, code } = await runAcervo(folder, ['verify', '--deep', '--json'], env);
  const totals = JSON.parse(out.trim().split('\n').at(-1) ?? '{}').totals as Record<string, number> | undefined;
  const { members = 0, findings = -1, journalLines = 0, bytes = 0 } = totals ?? {};
  if (code !== 0 || findings !== 0) throw new Error(`acervo verify: exit ${code}\n${out.slice(-2000)}`);
  if (members < atLeast) throw new Error(`${members} instances in the packs, ${atLeast} were answered`);
  return [
    `durability: ${groups} group commits (write, fdatasync, index, answer) made ${members} instances durable`,
    `digests: acervo verify --deep read ${Math.round(bytes / 2 ** 20)} MiB again, every SHA-256, row and event right`,
    `journal: ${journalLines} sealed lines beside the events in the commit records, none altered or missing`,
    'access: enforced; HTTP without a token is answered 401, DIMSE needs a known calling AE title',
  ];
}
