import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { DIRECTORY } from '../sample/directory.ts';
import { STUDIES_FOR_MODELS } from '../sample/for-models.ts';
import { generateSample } from '../sample/sample.ts';
import { LOGINS, PLACED, stepsOf } from './committee.ts';
import { expectedOf } from './results.ts';
import { demoSessions } from './sessions.ts';

const asked = (authorization?: string) => ({
  method: 'GET',
  headers: { ...(authorization !== undefined && { authorization }) },
});

test('a session is of the person that it was opened for, and no other token is one', async () => {
  const sessions = demoSessions();
  const [ana, luis] = [sessions.open('ana'), sessions.open('luis')];
  const who = async (token?: string) => {
    const found = await sessions.of(asked(token));
    return found === undefined || 'code' in found ? undefined : found.id;
  };
  assert.deepEqual([await who(`Bearer ${ana}`), await who(`Bearer ${luis}`)], ['ana', 'luis']);
  for (const other of [undefined, 'Bearer', `Bearer ${ana}x`, ana, 'Basic YTpi'])
    assert.equal(await who(other), undefined);
  assert.equal(await demoSessions().of(asked(`Bearer ${ana}`)), undefined, 'another process knows none of them');
});

test('every signature is by somebody of the directory, where it holds the office', () => {
  const people = new Map(DIRECTORY.people?.map((person) => [person.login, person]));
  for (const login of LOGINS) assert.match(people.get(login)?.name ?? '', /\(DEMOSTRACIÓN\)$/);
  for (const { signed, site = '*' } of PLACED.flatMap(stepsOf)) {
    assert.equal(new Set(signed.map(({ login }) => login)).size, signed.length, 'nobody signs twice');
    for (const { login, role } of signed) {
      const held = people.get(login)?.roles ?? [];
      assert.ok(
        held.some((each) => each.role === role && each.institution === site),
        `${login} ${role} ${site}`,
      );
    }
  }
});

test('four films and a tomography are for the models, each of one institution', () => {
  const seed = 'acervo demo';
  const sample = [...generateSample({ seed })];
  const expected = expectedOf(sample, [...generateSample({ seed, plans: STUDIES_FOR_MODELS })]);
  assert.deepEqual(expected.map(({ modality }) => modality).sort(), ['CR', 'CR', 'CR', 'CR', 'CT']);
  assert.equal(new Set(expected.map(({ studyUid }) => studyUid)).size, expected.length);
});

/** Where a program may make no further namespace, as on systems that have switched them off. */
function startedWithoutNamespaces(): unknown {
  const urlOf = (path: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, path)).href);
  const source = `const { startAi } = await import(${urlOf('start.ts')});
    const { loadConfig } = await import(${urlOf('../../config.ts')});
    console.log(JSON.stringify(await startAi({ config: loadConfig({ ACERVO_ACCESS: 'open' }) })));`;
  const script = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" --input-type=module -e "$1"';
  const words = ['--user', '--map-root-user', 'sh', '-c', script, process.execPath, source];
  const { stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

test('where models cannot be kept from the network, nothing is begun, and one line says why', () => {
  const { why } = startedWithoutNamespaces() as { why: string };
  assert.match(why, /espacio sin red/);
});
