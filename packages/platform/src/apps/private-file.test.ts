import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { loadConfig } from './config.ts';
import { isPublic, readPrivateFile } from './private-file.ts';
import { SETTINGS } from './settings.ts';

function fileOf(text: string, mode: number): string {
  const path = join(temporaryDirectory(), 'secret');
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const SECRET = 'postgresql://acervo:hunter2@db/acervo';
/** Secrets of another form. */
const FORMS: Readonly<Record<string, string>> = { ACERVO_LOGIN_KEYS: '{}' };

test('a file that others may read or write holds no secret', () => {
  assert.equal(readPrivateFile(fileOf(SECRET, 0o600), 'X'), SECRET);
  assert.equal(readPrivateFile(fileOf(SECRET, 0o400), 'X'), SECRET);
  for (const mode of [0o644, 0o604, 0o620, 0o602, 0o777, 0o660]) {
    const path = fileOf(SECRET, mode);
    assert.throws(() => readPrivateFile(path, 'X_FILE'), /config\/invalid: X_FILE: others may read .* chmod 600/);
  }
  for (const path of [temporaryDirectory(), join(temporaryDirectory(), 'none')]) {
    assert.throws(() => readPrivateFile(path, 'X_FILE'), /X_FILE: cannot read/);
  }
});

test("a group may read what is root's, as of PostgreSQL's keys; nobody else's", () => {
  assert.deepEqual(
    [
      [0o640, 0],
      [0o640, 1000],
      [0o644, 0],
      [0o660, 0],
    ].map(([mode = 0, uid = 0]) => isPublic({ mode, uid })),
    [false, true, true, true],
  );
});

test('every secret setting can come from a file, and from none that others may read', () => {
  const secrets = Object.values(SETTINGS).filter((setting) => 'isSecret' in setting);
  assert.ok(secrets.length > 0);
  for (const { env } of secrets) {
    const from = (mode: number) => loadConfig({ [`${env}_FILE`]: fileOf(FORMS[env] ?? SECRET, mode) });
    assert.doesNotThrow(() => from(0o600), env);
    assert.throws(() => from(0o644), new RegExp(`config/invalid: ${env}_FILE: others may read`));
  }
});

test('nor does the file of settings hold a secret that others may read; without one it may be read by all', () => {
  const settings = fileOf('ACERVO_HTTP_PORT=1\n', 0o644);
  assert.equal(loadConfig({ ACERVO_CONFIG_FILE: settings }).httpPort, 1);
  const withSecret = (mode: number) =>
    loadConfig({ ACERVO_CONFIG_FILE: fileOf(`ACERVO_DATABASE_URL=${SECRET}`, mode) });
  assert.equal(withSecret(0o600).databaseUrl, SECRET);
  assert.throws(() => withSecret(0o644), /others may read/);
});
