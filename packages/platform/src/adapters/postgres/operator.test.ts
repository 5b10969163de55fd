import assert from 'node:assert/strict';
import { test } from 'node:test';
import { embeddedOptions, silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import pg from 'pg';
import { APP_ROLE } from './cluster.ts';
import { embeddedPostgres } from './embedded.ts';
import { operatorAccess } from './operator.ts';

const TOGETHER = 8;
const ROUNDS = 5;

test('several processes that start at once on a new server make the role once', async (t) => {
  const supervisor = embeddedPostgres(embeddedOptions(temporaryDirectory()));
  t.after(() => supervisor.stop());
  const { address } = await supervisor.ensureRunning();
  const urlOf = (user: string): string => `postgresql://${user}@/acervo?host=${encodeURIComponent(address.host)}`;
  const operator = new pg.Client(urlOf('postgres'));
  await operator.connect();
  try {
    await operator.query('create role clinica login createrole');
    for (let round = 0; round < ROUNDS; round++) {
      await operator.query(`drop role ${APP_ROLE}`);
      const each = Array.from({ length: TOGETHER }, () => operatorAccess({ url: urlOf('clinica') }, silentLog));
      for (const { appRole } of await Promise.all(each)) assert.equal(appRole, APP_ROLE);
    }
  } finally {
    await operator.end();
  }
});
