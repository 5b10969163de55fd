import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { viewOf } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import type { Staff } from '@acervo/testkit/test-people.ts';
import { testServer, tokenOf } from '@acervo/testkit/test-server.ts';
import { OTHER_SITE, SITE } from '../governance/governance.fixture.ts';
import { assignmentOver } from '../inference/site-keys.ts';
import { chestOf, storeFile } from '../models/chest.fixture.ts';
import { addChestRule, useDemoModel } from '../models/demo-model.fixture.ts';

export { SITE } from '../governance/governance.fixture.ts';

/** Of the site's studies, in percent. */
const SHARE = 50;

/** People by their login, which is their office: they come as `Person LOGIN`, programs as `Bearer A`. */
const PEOPLE = {
  radiologist: { institution: SITE, role: 'radiologist' },
  technician: { institution: SITE, role: 'technician' },
  chief: { institution: SITE, role: 'site-chief' },
  officer: { institution: SITE, role: 'data-protection-officer' },
  stranger: { institution: OTHER_SITE, role: 'radiologist' },
} as const satisfies Staff;
export type Who = keyof typeof PEOPLE | 'A';

export type Answer<T> = { status: number; body: T };

/** A whole server, with people, and a signed package in limited use that is for every chest. */
export async function serveAssessed(t: TestContext) {
  const served = await testServer(t, {
    env: { ACERVO_ACCESS: 'enforced', ACERVO_AI_QUIET_SECONDS: '0' },
    access: { tokens: [tokenOf('A', SITE)] },
    people: PEOPLE,
  });
  const { database } = served.server.archive;
  await useDemoModel(t, served, SITE, SHARE);
  await addChestRule(served);
  const ask = async (who: Who, method: string, path: string, body?: object): Promise<Response> => {
    const authorization = who === 'A' ? 'Bearer A' : `Person ${who}`;
    const headers = { authorization, ...(body && { 'content-type': 'application/json' }) };
    return fetch(served.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
  };
  const json = async <Body>(who: Who, method: string, path: string, body?: object): Promise<Answer<Body>> => {
    const answer = await ask(who, method, path, body);
    return { status: answer.status, body: (await answer.json()) as Body };
  };
  return { ...served, database, ask, json, study: await studyOf(database) };
}

/** A study that the share has. */
async function studyOf(database: Parameters<typeof assignmentOver>[0]): Promise<string> {
  const isAssigned = assignmentOver(database);
  let number = 1;
  while (!(await isAssigned(SITE, `2.25.4600.${number}`, SHARE))) number += 1;
  return `2.25.4600.${number}`;
}

export type Served = Awaited<ReturnType<typeof serveAssessed>>;

/** A chest with an opacity. @returns its bytes as they were sent */
export async function storeChest({ server, study }: Served): Promise<Uint8Array> {
  const file = chestOf(study, true);
  await storeFile(server.archive.holdings.store, testOp({ institution: SITE }), file);
  return file;
}

/** Entries of a ZIP archive whose bodies are stored, as its central directory tells them (APPNOTE 4.3.12). */
export function unzipped(archive: Uint8Array): Map<string, Uint8Array> {
  const view = viewOf(archive);
  const end = archive.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  const entries = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    const [name, extra] = [view.getUint16(at + 28, true), view.getUint16(at + 30, true)];
    const [bytes, local] = [view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
    const body = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const text = new TextDecoder().decode(archive.subarray(at + 46, at + 46 + name));
    entries.set(text, archive.subarray(body, body + bytes));
    at += 46 + name + extra;
  }
  return entries;
}
