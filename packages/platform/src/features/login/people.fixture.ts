import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { openDirectory } from '../../apps/directory.ts';
import { peopleOf } from '../../apps/login.ts';
import type { Role } from '../../ports/directory.ts';
import { issueEnrolment } from './enrolment.ts';
import { enrolFirst, startLogin } from './login.fixture.ts';

const KNOWN_MS = 20_000;
const POLL_MS = 50;

/** An archive with one administrator, to which people are added as another process would. */
export async function startWithPeople(t: TestContext, environment: Record<string, string> = {}) {
  const { server, url } = await startLogin(t, environment);
  const first = await enrolFirst(url, server.enrolment);
  const db = server.archive.database;
  const people = peopleOf(db, await openDirectory(db, silentLog));
  const linkFor = async (id: string): Promise<string> =>
    `${url}/login/enrol?code=${await issueEnrolment(db, testOp(), id)}`;
  const add = async (login: string, ...roles: Role[]): Promise<{ id: string; link: string }> => {
    const given = roles.map((role) => ({ role, institution: 'HGM' }));
    const id = await people.add(testOp(), { login, name: `Persona ${login}`, institution: 'HGM', roles: given });
    const link = await linkFor(id);
    await until(async () => (await fetch(link)).status === 200);
    return { id, link };
  };
  return { server, url, db, people, first, add, linkFor };
}

/** The server reads the directory every second. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + KNOWN_MS;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'it never came to hold');
    await pause(POLL_MS);
  }
}

/** Kinds and facts of what the journal tells of logins, oldest first. */
export async function toldOf(db: Awaited<ReturnType<typeof startWithPeople>>['db'], person: string) {
  const rows = await db.query<{ event: string }>(
    `select event from journal where kind ~ '^(login|session|webauthn|person.enrolled)' order by id`,
  );
  type Told = { kind: string; actor: { id: string }; facts: Record<string, unknown> };
  const told = rows.map(({ event }) => JSON.parse(event) as Told);
  return told.filter(({ actor, facts }) => actor.id === person || facts['person'] === person);
}
