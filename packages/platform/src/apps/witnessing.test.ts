import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { keptSigner } from '../adapters/fs/journal-keys.ts';
import { httpCaller } from '../adapters/net/http-caller.ts';
import { type WitnessedArchive, type WitnessedAt, witnessAt } from '../features/journal/witness-at.ts';
import { addClient } from '../features/login/clients.ts';
import { startLogin, type TestLogin } from '../features/login/login.fixture.ts';
import { until } from '../features/login/people.fixture.ts';
import { addSystem } from '../features/systems/change.ts';
import { envelopeOf } from '../journal/event.ts';
import { insertEvents } from '../journal/journal.repo.ts';
import { auditCommand } from './commands/audit.ts';
import { loadConfig } from './config.ts';
import { makeMetrics } from './metrics.ts';
import { witnessAtPorts, witnessedArchive } from './witnessing.ts';

const NEVER = new AbortController().signal;

/** Something happens in an archive, and is signed. */
async function happen({ server }: TestLogin, count: number): Promise<void> {
  const { database, signJournal } = server.archive;
  const events = Array.from({ length: count }, () => envelopeOf(testOp(), 'query.executed', {}, {}));
  await insertEvents(database, events);
  await signJournal();
}

const witnessedIn = async ({ server }: TestLogin): Promise<{ name: string; size: number }[]> => {
  const rows = await server.archive.database.query<{ facts: { name: string; size: number } }>(
    `select event::jsonb -> 'facts' as facts from journal where kind = 'checkpoint.witnessed' order by id`,
  );
  return rows.map(({ facts: { name, size } }) => ({ name, size }));
};

/** The witness becomes a system of the archive. @returns its secret */
async function knownTo({ server }: TestLogin): Promise<string> {
  const { database } = server.archive;
  await addSystem(database, testOp(), { aeTitle: 'ISSSTE', institution: 'ISSSTE', may: ['echo'] });
  const description = { id: 'issste', institution: 'ISSSTE', system: 'ISSSTE', redirectUris: [] };
  return (await addClient(database, testOp(), description)) ?? assert.fail('a system has a secret');
}

test('another institution witnesses over HTTP what grows, and refuses what was set back or altered', async (t) => {
  const witnessDir = join(temporaryDirectory(), 'data');
  mkdirSync(join(witnessDir, 'keys'), { recursive: true });
  const { key } = keptSigner(join(witnessDir, 'keys/witness.key')).signer;
  const env = { ACERVO_WITNESSES: `ISSSTE=${key}`, ACERVO_CHECKPOINT_S: '86400' };
  let served = await startLogin(t, env);
  const place = served.url;
  const secret = await knownTo(served);
  await happen(served, 5);

  const mine = await openTestArchive(t, witnessDir);
  const metrics = makeMetrics();
  const logged: string[] = [];
  const log = { ...silentLog, error: (name: string) => void logged.push(name) };
  const config = loadConfig({ ACERVO_DATA_DIR: witnessDir, ACERVO_ACCESS: 'open', ACERVO_WITNESS_NAME: 'ISSSTE' });
  const ports = witnessAtPorts(config, undefined, { db: mine.database, metrics, log });
  const call = httpCaller(undefined, 20_000);
  // One name, behind which the archive comes back as what somebody restored.
  const moved: typeof call = (url, what) => call(new URL(url.pathname + url.search, served.url), what);
  const attempt = (over: Partial<WitnessedArchive> = {}): Promise<WitnessedAt> =>
    witnessAt({ ...ports, call: moved }, { url: place, client: { id: 'issste', secret }, ...over }, NEVER);
  const eventsOf = (kind: string) =>
    mine.database.query<{ facts: Record<string, unknown>; outcome: string }>(
      `select event::jsonb -> 'facts' as facts, event::jsonb ->> 'outcome' as outcome from journal where kind = $1`,
      [kind],
    );

  await t.test('only who is known may ask, and only a key that was told before counts', async () => {
    await assert.rejects(attempt({ client: undefined }), /access\/unknown/);
    await assert.rejects(attempt({ client: { id: 'issste', secret: `${secret}x` } }), /access\/unknown/);
    await until(() =>
      attempt().then(
        ({ outcome }) => outcome === 'signed',
        () => false,
      ),
    );
    const stranger = keptSigner(join(temporaryDirectory(), 'stranger.key')).signer;
    const state = { read: () => ({ v: 1 as const, archives: {} }), write: async () => {} };
    const strange = { ...ports, call: moved, signer: stranger, state };
    await assert.rejects(witnessAt(strange, { url: place, client: { id: 'issste', secret } }, NEVER), /answered 403/);
    assert.deepEqual(
      (await witnessedIn(served)).map(({ name }) => name),
      ['ISSSTE'],
    );
  });

  const state = join(witnessDir, 'keys/witness.key.witnessed.json');
  assert.ok(readFileSync(state, 'utf8').includes(place));
  // A lost signature is given again; the same once more is nothing new.
  assert.equal((await attempt()).outcome, 'unchanged');
  await served.server.close();
  const early = join(temporaryDirectory(), 'early');
  execFileSync('cp', ['-a', served.directory, early]);

  served = await startLogin(t, env, served.directory);
  await happen(served, 20);
  const grown = await attempt();
  assert.equal(grown.outcome, 'signed');
  const signed = await witnessedIn(served);
  assert.deepEqual([signed.length, signed.at(-1)?.size], [2, grown.size]);
  assert.equal(
    (await eventsOf('witness.signed')).length,
    3,
    'the stranger signed here, too, and was not believed there',
  );
  const { server, url } = served;
  const wrong = await fetch(`${url}/api/journal/checkpoint?since=x`);
  assert.equal(wrong.status, 401);
  await server.close();

  await t.test(
    'set back: refused, with the number up to which it was witnessed; log, metric and journal say so',
    async () => {
      served = await startLogin(t, env, early);
      const refused = await attempt();
      assert.ok(refused.outcome === 'refused' && refused.seen === grown.size, JSON.stringify(refused));
      assert.match(
        refused.refused,
        new RegExp(`${grown.size} events were witnessed before, so the archive was set back`),
      );
      const [event] = await eventsOf('witness.refused');
      assert.deepEqual([event?.outcome, event?.facts['seen'], event?.facts['url']], ['failure', grown.size, place]);
      assert.deepEqual(logged, ['witness.refused']);
      assert.match((await metrics.exposition()).text, /acervo_witness_refusing\{archive="[^"]+"\} 1/);
    },
  );

  await t.test('another past that has grown beyond: refused, and nothing of it is signed', async () => {
    await happen(served, 40);
    const refused = await attempt();
    assert.ok(refused.outcome === 'refused' && refused.size > grown.size);
    assert.match(refused.refused, new RegExp(`does not contain the ${grown.size} events that were witnessed`));
    assert.equal((await witnessedIn(served)).length, 1);
    await served.server.close();
  });

  await t.test('another archive in its place: refused', async () => {
    served = await startLogin(t, env);
    const other = await knownTo(served);
    await happen(served, 99);
    let told: WitnessedAt | undefined;
    await until(async () => {
      told = await attempt({ client: { id: 'issste', secret: other } }).catch(() => undefined);
      return told !== undefined;
    });
    assert.ok(told?.outcome === 'refused');
    assert.match(told.refused, new RegExp(`was .* up to ${grown.size}`));
    await served.server.close();
  });
});

test('two servers witness each other on a schedule, and by command', async (t) => {
  const [one, two] = [temporaryDirectory(), temporaryDirectory()];
  const keyOf = (directory: string): string => {
    mkdirSync(join(directory, 'keys'), { recursive: true });
    return keptSigner(join(directory, 'keys/witness.key')).signer.key;
  };
  const [keyOne, keyTwo] = [keyOf(one), keyOf(two)];
  const open = { ACERVO_ACCESS: 'open', ACERVO_CHECKPOINT_S: '1', ACERVO_WITNESS_S: '1' };
  const first = await startLogin(t, { ...open, ACERVO_WITNESSES: `DOS=${keyTwo}` }, one);
  await happen(first, 3);
  const second = await startLogin(
    t,
    { ...open, ACERVO_WITNESSES: `UNO=${keyOne}`, ACERVO_WITNESS_OF: first.url, ACERVO_WITNESS_NAME: 'DOS' },
    two,
  );
  await until(async () => (await witnessedIn(first)).some(({ name }) => name === 'DOS'));
  await happen(second, 3);
  const said: string[] = [];
  const config = loadConfig({
    ACERVO_DATA_DIR: one,
    ...open,
    ACERVO_WITNESS_NAME: 'UNO',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
  });
  const context = {
    config,
    log: silentLog,
    signal: NEVER,
    isJson: true,
    print: (text: string) => void said.push(text),
  };
  const code = await auditCommand.run({ values: { at: [second.url] }, positionals: ['witness'] }, context);
  assert.equal(code, 0, said.join('\n'));
  assert.match(said.at(-1) ?? '', /signed: checkpoint \d+ of \d+ events/);
  assert.equal((await witnessedIn(second)).at(0)?.name, 'UNO');
  const file = (await (await fetch(`${second.url}/api/journal/checkpoint?since=1`)).json()) as CheckpointFile;
  assert.deepEqual(
    file.proofs.map(({ size }) => size),
    [1],
  );
});

test('what is set of witnesses is judged when it is read', () => {
  const key = keptSigner(join(temporaryDirectory(), 'a.key')).signer.key;
  assert.deepEqual(loadConfig({ ACERVO_WITNESSES: `IMSS Norte=${key}` }).witnesses, [{ name: 'IMSS Norte', key }]);
  for (const wrong of [key, `=${key}`, 'IMSS=short', `A\nB=${key}`]) {
    assert.throws(() => loadConfig({ ACERVO_WITNESSES: wrong }), /ACERVO_WITNESSES/, wrong);
  }
  assert.deepEqual(loadConfig({ ACERVO_WITNESS_OF: 'https://a.mx/, http://127.0.0.1:8080' }).witnessOf, [
    'https://a.mx',
    'http://127.0.0.1:8080',
  ]);
  for (const wrong of ['http://a.mx', 'https://a.mx/path', 'https://u:p@a.mx', 'ftp://a.mx', 'a.mx']) {
    assert.throws(() => loadConfig({ ACERVO_WITNESS_OF: wrong }), /ACERVO_WITNESS_OF/, wrong);
  }
  const path = join(temporaryDirectory(), 'witness.json');
  writeFileSync(path, '{"https://a.mx":{"trust":"x"}}', { mode: 0o600 });
  const config = loadConfig({ ACERVO_WITNESS_FILE: path });
  assert.throws(() => witnessedArchive(config, 'https://a.mx'), /ACERVO_WITNESS_FILE is not JSON/);
  writeFileSync(path, `{"https://a.mx":{"token":"t","trust":"${key}"}}`);
  assert.deepEqual(witnessedArchive(config, 'https://a.mx'), { url: 'https://a.mx', token: 't', trust: key });
  assert.deepEqual(witnessedArchive(config, 'https://b.mx'), { url: 'https://b.mx' });
});
