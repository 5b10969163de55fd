import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';
import { strayFiles } from '../harness/data-dir.ts';

const REFUSED_MS = 20_000;

type Answered = { access_token?: string; error?: string };

async function tokenOf(http: string, id: string, secret: string): Promise<Answered> {
  const authorization = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const body = new URLSearchParams({ grant_type: 'client_credentials' });
  return (await (
    await fetch(`${http}/oidc/token`, { method: 'POST', body, headers: { authorization } })
  ).json()) as Answered;
}

const searchWith = async (http: string, token = ''): Promise<number> =>
  (await fetch(`${http}/dicom-web/studies`, { headers: { authorization: `Bearer ${token}` } })).status;

test('a system that is added gets in by its tokens, through a kill, until it is removed', async (t) => {
  const dataDir = join(scratch(t, 'login'), 'data');
  const env = { ACERVO_ACCESS: 'enforced' };
  let archive = await startArchive(t, dataDir, env);
  const login = async (...args: string[]) => {
    const { code, out, err } = await runAcervo(dataDir, ['login', ...args, '--json'], env);
    const lines = out.trim().split('\n');
    return { code, err, told: lines.map((line) => JSON.parse(line || '{}') as Record<string, string>) };
  };
  const added = await runAcervo(dataDir, ['systems', 'add', 'RIS_HGM', 'institution=HGM', 'may=echo,find'], env);
  assert.equal(added.code, 0, added.err);
  const { told } = await login('clients', 'add', 'ris', '--institution', 'HGM', '--system', 'RIS_HGM');
  const secret = told[0]?.['secret'] ?? '';
  assert.equal(secret.length, 43);
  const { access_token: token } = await tokenOf(archive.http, 'ris', secret);
  assert.equal(await searchWith(archive.http, token), 200);

  const port = new URL(archive.http).port;
  await archive.kill();
  archive = await startArchive(t, dataDir, { ...env, ACERVO_HTTP_PORT: port });
  assert.equal(await searchWith(archive.http, token), 200, 'signed by a key that was kept');

  const listed = await login('clients', 'list');
  assert.deepEqual(
    listed.told.map(({ id, kind, institution, system }) => [id, kind, institution, system]),
    [['ris', 'system', 'HGM', 'RIS_HGM']],
  );
  assert.equal((await login('clients', 'remove', 'ris')).code, 0);
  assert.equal((await tokenOf(archive.http, 'ris', secret)).error, 'invalid_client');
  const deadline = Date.now() + REFUSED_MS;
  while ((await searchWith(archive.http, token)) !== 401) {
    assert.ok(Date.now() < deadline, 'a token of a client that is gone still counts');
    await pause(100);
  }

  const keys = join(dataDir, 'keys/login.json');
  assert.equal(statSync(keys).mode & 0o777, 0o600);
  const { sealing } = JSON.parse(readFileSync(keys, 'utf8')) as { sealing: string };
  for (const hidden of [secret, token ?? '', sealing]) assert.ok(!archive.logText().includes(hidden));
  assert.equal(await archive.stop(), 0);
  assert.deepEqual(strayFiles(dataDir), []);
});
