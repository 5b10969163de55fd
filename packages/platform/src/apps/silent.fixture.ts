import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import type { TestContext } from 'node:test';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { testServer } from '@acervo/testkit/test-server.ts';
import { SITE } from '../features/governance/governance.fixture.ts';
import { chestOf, storeFile } from '../features/models/chest.fixture.ts';
import { addChestRule, useDemoModel } from '../features/models/demo-model.fixture.ts';
import { recordOf } from '../features/silent/record.ts';
import { silentFile } from '../features/silent/store.ts';
import { receiver, startDestination } from '../features/transfer/transfer.fixture.ts';
import type { InferenceTask } from '../ports/inference-tasks.ts';
import type { Log, LogFields } from '../ports/log.ts';
import type { RunningServer } from './server.ts';
import { openSilent } from './silent.ts';

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
  const heard: Heard = { log: [], audit: [] };
  const pacs = receiver();
  const { port } = await startDestination(t, pacs, 'PACS');
  const systems = [
    { aeTitle: 'SCU', institution: SITE },
    { aeTitle: 'PACS', institution: SITE, host: '127.0.0.1', port, isMoveDestination: true },
  ];
  const env = {
    ACERVO_INSTITUTION: SITE,
    ACERVO_AUDIT_SYSLOG: `syslog+tcp://127.0.0.1:${await auditReceiver(t, heard.audit)}`,
    ACERVO_ACCESS_FOLD_MS: '50',
    ACERVO_AI_QUIET_SECONDS: '0',
  };
  const options = { env, access: { systems }, log: listening(heard.log) };
  const running = await testServer(t, options);
  const { directory, config } = running;
  const again = async (): Promise<void> => void Object.assign(running, await testServer(t, { ...options, directory }));
  const { world, people } = await useDemoModel(t, running, '*');
  await addChestRule(running);
  return { running, again, config, directory, heard, pacs, world, people };
}

export type Silent = Awaited<ReturnType<typeof serveSilent>>;

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
