import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJournalFile, shapedLine } from '@acervo/kernel/journal/line.ts';
import { placeOf } from '@acervo/model/lifecycle/assignment.ts';
import { loadConfig } from '@acervo/platform/apps/config.ts';
import { type Member, memberOf } from '@acervo/platform/apps/demo/ai/members.ts';
import { demoSessions } from '@acervo/platform/apps/demo/ai/sessions.ts';
import type { AiShown } from '@acervo/platform/apps/demo/ai/summary.ts';
import { openDirectory } from '@acervo/platform/apps/directory.ts';
import { startServer } from '@acervo/platform/apps/server.ts';
import { putSiteKeys } from '@acervo/platform/features/inference/site-key.repo.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { runAcervo } from './archive-process.ts';
import type { Owner } from './owner.ts';

const SMALL = { ACERVO_PG_SHARED_BUFFERS_MIB: '32', ACERVO_DISK_FREE_MIN_MIB: '0' };
const ELSEWHERE = { ACERVO_HTTP_PORT: '0', ACERVO_DIMSE_PORT: '0', ACERVO_ACCESS: 'open', ...SMALL };

/** `acervo demo --once` on a data directory, to its end. */
export async function runDemo(dataDir: string): Promise<AiShown> {
  const { code, out, err } = await runAcervo(dataDir, ['demo', '--once', '--json'], { ACERVO_LOG_LEVEL: 'error' });
  assert.equal(code, 0, out + err);
  const told = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { ai?: AiShown });
  const shown = told.find(({ ai }) => ai !== undefined)?.ai;
  assert.ok(shown !== undefined, out);
  return shown;
}

/** A data directory whose site has a secret by which a study is in no share below 100 %: of a hundred, one such has. */
export async function leaveOut(dataDir: string, institution: string, studyUid: string): Promise<void> {
  const server = await startServer(loadConfig({ ACERVO_DATA_DIR: dataDir, ...ELSEWHERE }), silentLog);
  try {
    for (let number = 0; ; number++) {
      const key = new Uint8Array(32);
      new DataView(key.buffer).setUint32(0, number);
      if ((await placeOf(key, studyUid)) !== 99) continue;
      const carried = { [institution]: Buffer.from(key).toString('base64') };
      assert.equal(await putSiteKeys(server.archive.database, carried), 1);
      return;
    }
  } finally {
    await server.close();
  }
}

/** A command of the archive, which must end well. @returns the values that it prints */
export async function told<Value>(dataDir: string, ...words: string[]): Promise<Value[]> {
  const { code, out, err } = await runAcervo(dataDir, [...words, '--json']);
  assert.equal(code, 0, out + err);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Value);
}

export type OpenedDemo = { http: string; as(login: string): Promise<Member> };

/** The demo's archive, served again, with its people in it. */
export async function openDemo(t: Owner, dataDir: string): Promise<OpenedDemo> {
  const config = loadConfig({ ACERVO_DATA_DIR: dataDir, ...ELSEWHERE });
  const sessions = demoSessions();
  const server = await startServer(config, silentLog, sessions);
  t.after(() => server.close());
  const http = `http://127.0.0.1:${server.httpPort}`;
  const directory = await openDirectory(server.archive.database, silentLog);
  const ports = { http, sessions, folder: join(dataDir, 'demostracion'), signal: new AbortController().signal };
  return {
    http,
    as: (login) => {
      const person = directory.personByLogin(login);
      assert.ok(person !== undefined, login);
      return memberOf(ports, person);
    },
  };
}

/** An event as it stands in the journal's segments, with the line that it is in. */
export type Line = { seq: number; file: string; text: string; kind: string; facts: Record<string, unknown> };

/** The journal as it lies on the disk, without its checkpoints. */
export function journalOf(dataDir: string): Line[] {
  const folder = join(dataDir, 'journal');
  const files = readdirSync(folder).filter(isJournalFile).sort();
  return files.flatMap((name) => linesOf(join(folder, name)));
}

const linesOf = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((text) => text !== '')
    .map((text) => {
      const line = shapedLine(text);
      assert.ok(line !== undefined, text);
      const { kind, facts } = line.event as { kind: string; facts: Record<string, unknown> };
      return { seq: line.seq, file, text, kind, facts };
    });
