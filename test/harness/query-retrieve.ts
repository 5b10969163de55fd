import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ArchiveProcess } from './archive-process.ts';
import { type CorpusObject, headOf, objectOf } from './corpus.ts';
import { freePort } from './orthanc.ts';
import type { Owner } from './owner.ts';
import { sha256 } from './retrieved.ts';
import { associate } from './sender.ts';

const READY_MS = 20_000;
const POLL_MS = 20;

/** A peer that listens for associations; ends with the test. */
export type ListeningPeer = {
  aeTitle: string;
  port: number;
  /** Where it keeps what it gets. */
  folder: string;
  pid: number;
  kill(): Promise<void>;
};

/** DCMTK's storescp, which writes what it reads bit by bit. @param at  its port, where it is started again */
export async function startStorescp(
  t: Owner,
  folder: string,
  aeTitle: string,
  options: readonly string[] = ['+xa'],
  at?: number,
): Promise<ListeningPeer> {
  const port = at ?? (await freePort());
  const own = join(folder, aeTitle);
  mkdirSync(own, { recursive: true });
  return listening(t, 'storescp', ['-aet', aeTitle, '+B', '-od', own, ...options, `${port}`], {
    aeTitle,
    port,
    folder: own,
  });
}

/** DCMTK's dcmqrscp, an archive that knows ours. */
export async function startDcmqrscp(
  t: Owner,
  folder: string,
  aeTitle: string,
  archivePort: number,
  options: readonly string[] = [],
): Promise<ListeningPeer> {
  const port = await freePort();
  const own = join(folder, aeTitle);
  mkdirSync(own);
  const config = join(folder, `${aeTitle}.cfg`);
  writeFileSync(
    config,
    [
      `NetworkTCPPort = ${port}`,
      'MaxPDUSize = 131072',
      'MaxAssociations = 16',
      'HostTable BEGIN',
      `acervo = (ACERVO, 127.0.0.1, ${archivePort})`,
      'HostTable END',
      'VendorTable BEGIN',
      'VendorTable END',
      'AETable BEGIN',
      `${aeTitle} ${own} RW (200, 1024mb) ANY`,
      'AETable END',
      '',
    ].join('\n'),
  );
  return listening(t, 'dcmqrscp', ['-c', config, ...options], { aeTitle, port, folder: own });
}

type At = Pick<ListeningPeer, 'aeTitle' | 'port' | 'folder'>;

async function listening(t: Owner, command: string, args: readonly string[], at: At): Promise<ListeningPeer> {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, TCP_NODELAY: '1' } });
  const exited = once(child, 'exit');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  t.after(kill);
  await reachable(at.port, child);
  return { ...at, pid: child.pid ?? 0, kill };
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  for (const until = performance.now() + READY_MS; performance.now() < until; await pause()) {
    assert.equal(child.exitCode, null, `${child.spawnfile} ended`);
    const socket = connect(port, '127.0.0.1');
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
    socket.destroy();
    if (isOpen) return;
  }
  throw new Error(`${child.spawnfile} does not listen`);
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** Wait until a folder holds so many files. */
export async function filesIn(folder: string, count: number): Promise<void> {
  const until = performance.now() + READY_MS;
  while (readdirSync(folder).length < count) {
    assert.ok(performance.now() < until, `${folder} has ${readdirSync(folder).length} files, ${count} expected`);
    await pause();
  }
}

/** ACERVO_ACCESS_FILE in which these peers may be moved to. */
export function accessFile(
  folder: string,
  peers: readonly (At & { pid?: number; kill?: unknown })[],
): Record<string, string> {
  const path = join(folder, 'access.json');
  const systems = peers.map(({ folder: _folder, kill: _kill, pid: _pid, ...peer }) => ({
    institution: 'LOCAL',
    isMoveDestination: true,
    host: '127.0.0.1',
    ...peer,
  }));
  writeFileSync(path, JSON.stringify({ systems }));
  return { ACERVO_ACCESS_FILE: path };
}

/** Store objects as they are. */
export async function sendAll(archive: ArchiveProcess, objects: readonly CorpusObject[]): Promise<void> {
  const association = await associate(archive, objects);
  for (const object of objects) assert.equal((await association.store(object)).status, 0);
  await association.release();
}

/** Transfer syntax and digest of the data set of every file in a folder, by SOP Instance UID. */
export function received(folder: string): Map<string, { transferSyntaxUid: string; digest: string }> {
  const found = new Map<string, { transferSyntaxUid: string; digest: string }>();
  for (const name of readdirSync(folder)) {
    if (name === 'index.dat') continue;
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const { sopInstanceUid, dataSet } = objectOf({ path: name, bytes });
    found.set(sopInstanceUid, { transferSyntaxUid: headOf(bytes).transferSyntaxUid, digest: sha256(dataSet) });
  }
  return found;
}

/** What `received` says when every object came as it was sent. */
export const asSent = (objects: readonly CorpusObject[]): Map<string, { transferSyntaxUid: string; digest: string }> =>
  new Map(
    objects.map(({ sopInstanceUid, transferSyntaxUid, dataSet }) => [
      sopInstanceUid,
      { transferSyntaxUid, digest: sha256(dataSet) },
    ]),
  );
