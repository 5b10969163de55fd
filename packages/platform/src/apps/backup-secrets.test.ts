import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { assignmentOver } from '../features/inference/site-keys.ts';
import { optionsOn, SoftwareAuthenticator } from '../features/login/authenticator.fixture.ts';
import {
  Browser,
  codeNow,
  enrolFirst,
  logIn,
  PASSWORD,
  sessionOf,
  startLogin,
} from '../features/login/login.fixture.ts';
import type { Sql } from '../ports/sql.ts';
import { type Command, type CommandContext, EXIT } from './command.ts';
import { backupCommand } from './commands/backup.ts';
import { restoreCommand } from './commands/restore.ts';
import { loadConfig } from './config.ts';

const PUBLIC_URL = 'https://acervo.hgm.test';
const ENVIRONMENT = { ACERVO_PUBLIC_URL: PUBLIC_URL };

async function run(command: Command, dataDir: string, values: Record<string, string | boolean>) {
  const config = loadConfig({
    ACERVO_DATA_DIR: dataDir,
    ACERVO_ACCESS: 'enforced',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ACERVO_PG_SHARED_BUFFERS_MIB: '16',
    ACERVO_DISK_FREE_MIN_MIB: '0',
  });
  const told: string[] = [];
  const context: CommandContext = {
    config,
    log: silentLog,
    signal: new AbortController().signal,
    isJson: true,
    print: (text) => void told.push(text),
  };
  return { code: await command.run({ values, positionals: [] }, context), told };
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));

/** Which of some studies are among half of a site's. */
async function shareOf(db: Sql): Promise<boolean[]> {
  const isAssigned = assignmentOver(db);
  return Promise.all(Array.from({ length: 64 }, (_, study) => isAssigned('HGM', `2.25.${study}`, 50)));
}

/** A key beside the code, registered by the page of a person who has just logged in. */
async function addKey(browser: Browser, key: SoftwareAuthenticator): Promise<void> {
  const { text } = await browser.go('/login/keys');
  const fields = { step: 'add', credential: key.create(optionsOn(text)), keyName: 'Llavero' };
  const added = await browser.submitAs('/login/keys', text, fields, { origin: PUBLIC_URL });
  assert.match(added.text, /Llavero/);
}

test('a backup brings logins and keys to an empty machine, sealed', { timeout: 300_000 }, async (t) => {
  const { server, url, directory } = await startLogin(t, ENVIRONMENT);
  const ana = await enrolFirst(url, server.enrolment?.replace(PUBLIC_URL, url));
  const key = new SoftwareAuthenticator(PUBLIC_URL);
  const before = new Browser(PUBLIC_URL, url);
  await logIn(before, 'ana', codeNow(ana.secret));
  await addKey(before, key);

  const share = await shareOf(server.archive.database);
  const [site] = await server.archive.database.query<{ key: Uint8Array }>('select key from ai_site_key');
  assert.ok(site !== undefined);

  const root = mkdtempSync(join(temporaryDirectory(), 'secrets-'));
  const [to, passphrase, wrong] = [join(root, 'backup'), join(root, 'passphrase'), join(root, 'wrong')];
  writeFileSync(passphrase, 'caballo correcto batería grapa\n', { mode: 0o600 });
  writeFileSync(wrong, 'caballo correcto bateria\n', { mode: 0o600 });
  const plain = await run(backupCommand, directory, { to });
  assert.match(plain.told.at(-1) ?? '', /keys and logins are not in it/);
  const done = await run(backupCommand, directory, { to, 'passphrase-file': passphrase });
  assert.deepEqual([done.code, /keys and logins sealed/.test(done.told.at(-1) ?? '')], [EXIT.done, true]);
  await server.close();

  await t.test('nothing of it lies in the clear', () => {
    const { sealing, signing } = JSON.parse(readFileSync(join(directory, 'keys/login.json'), 'utf8')) as {
      sealing: string;
      signing: { d: string }[];
    };
    const journal = readFileSync(join(directory, 'keys/journal.key'), 'utf8').split('\n')[1] ?? '';
    assert.ok(filesOf(to).some((path) => path.endsWith('secrets.sealed')));
    for (const path of filesOf(to)) {
      const bytes = readFileSync(path);
      for (const secret of [sealing, signing[0]?.d ?? '', journal, '$argon2id$v=19$m=19456', PASSWORD]) {
        assert.notEqual(secret, '');
        assert.equal(bytes.includes(secret), false, path);
      }
      assert.equal(bytes.includes(Buffer.from(site.key)), false, path);
    }
  });

  const empty = join(root, 'empty');
  await t.test('without the passphrase, or with another one, nothing is restored', async () => {
    await assert.rejects(run(restoreCommand, empty, { from: to }), /--without-secrets/);
    await assert.rejects(run(restoreCommand, empty, { from: to, 'passphrase-file': wrong }), /another passphrase/);
    assert.equal(existsSync(join(empty, 'packs')), false);
    writeFileSync(join(root, 'open'), 'caballo correcto batería grapa', { mode: 0o644 });
    const open = run(restoreCommand, empty, { from: to, 'passphrase-file': join(root, 'open') });
    await assert.rejects(open, /others may read/);
  });

  await t.test(
    'the same person logs in by the same code, the same key, and with the same codes of recovery',
    async () => {
      const restored = await run(restoreCommand, empty, { from: to, 'passphrase-file': passphrase });
      assert.deepEqual([restored.code, /1 people can log in/.test(restored.told.at(-1) ?? '')], [EXIT.done, true]);
      for (const name of ['journal.key', 'login.json']) {
        const [was, is] = [join(directory, 'keys', name), join(empty, 'keys', name)];
        assert.deepEqual(readFileSync(is), readFileSync(was));
        assert.equal(statSync(is).mode & 0o777, 0o600);
      }
      const again = await startLogin(t, ENVIRONMENT, empty);
      assert.equal(again.server.enrolment, undefined, 'there is an administrator');
      const gone = new Browser(PUBLIC_URL, again.url);
      const byCode = new Browser(PUBLIC_URL, again.url);
      await logIn(byCode, 'ana', codeNow(ana.secret, 1));
      assert.equal((await sessionOf(byCode)).person?.strength, 'second-factor');
      const form = await gone.go('/login');
      const asked = await gone.submit(form.path, form.text, { login: 'ana', password: PASSWORD });
      await gone.submit(form.path, asked.text, { step: 'key', credential: key.get(optionsOn(asked.text)) });
      assert.equal((await sessionOf(gone)).person?.strength, 'second-factor');
      const byRecovery = new Browser(PUBLIC_URL, again.url);
      await logIn(byRecovery, 'ana', ana.recovery[0]);
      assert.notEqual((await sessionOf(byRecovery)).person, null);
      const rows = await again.server.archive.database.query(`select from journal where kind = 'login.restored'`);
      assert.equal(rows.length, 1);
      assert.deepEqual(await shareOf(again.server.archive.database), share, 'models see the same share of studies');
    },
  );
});
