import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { committee, demonstrate, SITE, worldOver } from '../features/governance/governance.fixture.ts';
import { chestOf, storeFile } from '../features/models/chest.fixture.ts';
import { recordOf } from '../features/silent/record.ts';
import { silentFile } from '../features/silent/store.ts';
import { receiver, startDestination } from '../features/transfer/transfer.fixture.ts';
import type { InferenceTask } from '../ports/inference-tasks.ts';
import type { Log, LogFields } from '../ports/log.ts';
import { loadConfig } from './config.ts';
import { modelsOf } from './cross-matrix-models.fixture.ts';
import { type RunningServer, startServer } from './server.ts';
import { openSilent } from './silent.ts';

export const MODEL = { model: 'mx.acervo.demo.cr-opacidad', version: '1.0.0' };
export const LATE_MS = 120_000;

/** Everything that is logged, as text, and everything that leaves for a receiver of audit messages. */
export type Heard = { log: string[]; audit: Buffer[] };

function listening(lines: string[]): Log {
  const say = (event: string, fields?: LogFields): void => void lines.push(JSON.stringify([event, fields]));
  return { debug: say, info: say, warn: say, error: say };
}

async function auditReceiver(t: TestContext, heard: Buffer[]): Promise<number> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => {});
    void (async () => {
      for await (const chunk of socket) heard.push(chunk as Buffer);
    })().catch(() => {}); // The archive ended.
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

/** A whole server whose site has a signed demonstration in silence, a rule for it, and a PACS to move to. */
export async function serveSilent(t: TestContext) {
  const directory = temporaryDirectory();
  const heard: Heard = { log: [], audit: [] };
  const pacs = receiver();
  const { port } = await startDestination(t, pacs, 'PACS');
  const systems = [
    { aeTitle: 'SCU', institution: SITE },
    { aeTitle: 'PACS', institution: SITE, host: '127.0.0.1', port, isMoveDestination: true },
  ];
  const accessFile = join(directory, 'access.json');
  writeFileSync(accessFile, JSON.stringify({ systems }));
  const config = loadConfig({
    ACERVO_DATA_DIR: join(directory, 'data'),
    ACERVO_HTTP_PORT: '0',
    ACERVO_DIMSE_PORT: '0',
    ACERVO_ACCESS: 'open',
    ACERVO_ACCESS_FILE: accessFile,
    ACERVO_INSTITUTION: SITE,
    ACERVO_AUDIT_SYSLOG: `syslog+tcp://127.0.0.1:${await auditReceiver(t, heard.audit)}`,
    ACERVO_SEAL_INTERVAL_MS: '50',
    ACERVO_ACCESS_FOLD_MS: '50',
    ACERVO_AI_QUIET_SECONDS: '0',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });
  const start = () => startServer(config, listening(heard.log));
  const running = { server: await start() };
  t.after(() => running.server.close());
  const url = (): string => `http://127.0.0.1:${running.server.httpPort}`;
  await modelsOf({ server: running.server, url: url(), directory }, '*', 'Física Médica');
  const world = worldOver(running.server.archive.database, new Date());
  const people = await committee(world);
  await demonstrate(world, people, 'silencioso', MODEL);
  await stageIs(t, running, 'silencioso');
  const rule = { effect: 'run', id: 'torax', institution: SITE, model: MODEL.model, scope: { modality: ['CR'] } };
  const headers = { 'content-type': 'application/json' };
  const added = await fetch(`${url()}/api/ai/rules`, { method: 'POST', headers, body: JSON.stringify(rule) });
  assert.ok(added.ok, await added.text());
  return { running, start, url, config, directory, heard, pacs, world, people };
}

export type Silent = Awaited<ReturnType<typeof serveSilent>>;

export const stageIs = (t: TestContext, running: { server: RunningServer }, stage: string): Promise<void> =>
  t.waitFor(() => assert.equal(running.server.modelStates.runningAt(SITE)[0]?.stage, stage), { timeout: LATE_MS });

/** A chest of its own: other pixels, so another score than any that stands in a package. */
export async function storeChest(server: RunningServer, studyUid: string, shade: number): Promise<void> {
  const file = chestOf(studyUid, shade % 2 === 0, (pixels) => {
    const shaded = new Uint8Array(pixels);
    const view = new DataView(shaded.buffer);
    const dimmed = (97 + (shade % 7)) / 104;
    for (let at = 0; at + 1 < shaded.length; at += 2) view.setUint16(at, view.getUint16(at, true) * dimmed, true);
    return shaded;
  });
  await storeFile(server.archive.holdings.store, testOp({ institution: SITE, issuer: 'TEST' }), file);
}

/** Until a study's task has ended; @returns it */
export async function endedTask(t: TestContext, { running }: Silent, study: string): Promise<InferenceTask> {
  const { database } = running.server.archive;
  const task = async () => {
    const [row] = await database.query<InferenceTask & { state: string; reason: string | null; results: string[] }>(
      `select id::text as id, package, study_uid as "studyUid", institution, state, reason, results from ai_task
       where study_uid = $1`,
      [study],
    );
    assert.deepEqual([row?.state, row?.reason], ['done', null]);
    return row as InferenceTask;
  };
  return t.waitFor(task, { timeout: LATE_MS, interval: 100 });
}

/** What the silent store has of a task, which only its own role and key give. */
export async function silentRecord({ running, config }: Silent, task: InferenceTask) {
  const store = await openSilent(config, running.server.archive.database, silentLog);
  assert.ok(store !== undefined);
  const bound = { task: task.id, package: task.package, studyUid: task.studyUid };
  const bytes = await store.files.read(silentFile(task));
  const plain = bytes && store.seal.open('objects', bound, bytes);
  assert.ok(plain !== undefined, 'the record is there, and opens');
  return recordOf(plain);
}
