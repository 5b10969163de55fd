import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseArgs } from 'node:util';
import type { CheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { fillArchive, SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import type { Command, ExitCode } from '../command.ts';
import { loadConfig } from '../config.ts';
import { auditCommand } from './audit.ts';
import { reindexCommand } from './reindex.ts';
import { verifyCommand } from './verify.ts';

const MAIN = join(import.meta.dirname, '../../../../verifier/src/main.ts');

type Ran = { code: ExitCode; text: string; value: Record<string, unknown> };

/** Run a command as its command line would, in this process. */
async function run(command: Command, dataDir: string, words: readonly string[]): Promise<Ran> {
  const { values, positionals } = parseArgs({ args: [...words], options: command.options, allowPositionals: true });
  const config = loadConfig({ ACERVO_DATA_DIR: dataDir, ACERVO_ACCESS: 'open', ACERVO_PG_WAL_SEGMENT_MIB: '1' });
  const said: { text: string; value: unknown }[] = [];
  const code = await command.run(
    { values, positionals },
    {
      config,
      log: silentLog,
      signal: new AbortController().signal,
      isJson: true,
      print: (text, value) => void said.push({ text, value }),
    },
  );
  return { code, text: said.map(({ text }) => text).join('\n'), value: said.at(-1)?.value as Ran['value'] };
}

const verifier = (...words: readonly string[]): { status: number | null; stdout: string } =>
  spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });

test('key, checkpoint, witness, adopt, verify, bundle: the archive signs, others can tell', async (t) => {
  const archive = await openTestArchive(t, undefined, SMALL_PACKS);
  await fillArchive(archive);
  await archive.close();
  const { dataDir } = archive;
  const elsewhere = temporaryDirectory();
  const file = (name: string): string => join(elsewhere, name);
  const audit = (...words: string[]): Promise<Ran> => run(auditCommand, dataDir, words);
  const witnessing = (name: string): Promise<Ran> =>
    audit('witness', name, '--key', file('issste.key'), '--name', 'ISSSTE');
  const told = await audit('key');
  const key = String(told.value['key']);
  assert.match(String(told.value['pem']), /BEGIN PUBLIC KEY/);
  assert.equal(statSync(join(dataDir, 'keys/journal.key')).mode & 0o777, 0o600);

  await t.test('a witness signs what contains everything it saw before, and nothing else', async () => {
    const first = await audit('checkpoint', '--to', file('1.json'));
    assert.equal(first.code, 0);
    copyFileSync(file('1.json'), file('1-again.json'));
    assert.equal((await witnessing(file('1.json'))).code, 0);
    assert.equal(statSync(file('issste.key')).mode & 0o777, 0o600);
    assert.deepEqual((await audit('adopt', file('1.json'))).value['adopted'], ['ISSSTE']);
    assert.deepEqual((await audit('adopt', file('1.json'))).value['adopted'], [], 'it is known already');
    const again = await openTestArchive(t, dataDir, SMALL_PACKS);
    await storeSmall(again, { name: 'later', study: 1, number: 1 });
    await again.close();
    const second = (await audit('checkpoint', '--to', file('2.json'))).value as unknown as CheckpointFile;
    assert.deepEqual(
      second.proofs.map(({ size }) => size),
      [(first.value as unknown as CheckpointFile).checkpoint.size],
    );
    assert.equal((await witnessing(file('2.json'))).code, 0);
    const refused = await witnessing(file('1-again.json'));
    assert.equal(refused.code, 3);
    assert.match(refused.text, /set back/);
    assert.equal((await audit('adopt', file('2.json'))).code, 0);
  });

  const known = ['--checkpoint', file('2.json'), '--key', key];
  const { witnesses } = JSON.parse(readFileSync(file('2.json'), 'utf8')) as CheckpointFile;
  const by = ['--witness', `ISSSTE=${witnesses[0]?.key}`];

  await t.test('the verifier agrees, elsewhere and here; so do packs and journal', async () => {
    const packs = verifier('packs', join(dataDir, 'packs'), '--journal', join(dataDir, 'journal'), ...known, ...by);
    assert.equal(packs.status, 0, packs.stdout);
    assert.match(packs.stdout, /^consistent up to \d+, witnessed up to \d+, nothing later witnessed$/m);
    const here = await audit('verify', '--packs', ...known, ...by);
    assert.deepEqual([here.code, here.value['findings']], [0, 0], here.text);
    const { code, value } = await run(verifyCommand, dataDir, ['--deep']);
    const totals = value['totals'] as Record<string, number>;
    assert.equal(code, 0);
    assert.ok((totals['checkpoints'] ?? 0) >= 3 && (totals['signedTo'] ?? 0) > 0);
  });

  await t.test('a bundle proves events of a study, or of a stretch, to who has the key alone', async () => {
    const bundle = await audit('bundle', '--from', '2', '--to', '9', '--to-file', file('bundle.json'));
    assert.equal(bundle.value['events'], 8);
    const checked = verifier('bundle', file('bundle.json'), '--key', key);
    assert.equal(checked.status, 0, checked.stdout);
    assert.match(checked.stdout, /^consistent up to \d+, nothing later witnessed\n/);
    const text = readFileSync(file('bundle.json'), 'utf8');
    const lines = JSON.parse(text) as { lines: { line: { event: { study: string } } }[] };
    const study = lines.lines.map(({ line }) => line.event.study).find((each) => each !== '') ?? '';
    await audit('bundle', '--study', study, '--to-file', file('study.json'));
    assert.equal(verifier('bundle', file('study.json'), '--key', key).status, 0);
    writeFileSync(file('bundle.json'), text.replace('instance.stored', 'instance.resent'));
    const altered = verifier('bundle', file('bundle.json'), '--key', key);
    assert.equal(altered.status, 3);
    assert.match(altered.stdout, /^bundle\.altered bundle: .*\nline\.altered \d+: /);
    assert.match(altered.stdout, /^consistent up to 0, nothing later witnessed$/m);
    await assert.rejects(audit('bundle', '--from', '1', '--to', '999999', '--to-file', file('x')), /numbers are 1 to/);
  });

  await t.test('a case file is all of one study, for who has the key alone', async () => {
    const { lines } = JSON.parse(readFileSync(file('study.json'), 'utf8')) as {
      lines: { line: { event: { study: string; institution: string } } }[];
    };
    const { study = '', institution = '' } = lines[0]?.line.event ?? {};
    const made = await audit('case', study, '--institution', institution, '--with-objects', '--to', file('case.tar'));
    assert.equal(made.code, 0);
    assert.equal(statSync(file('case.tar')).mode & 0o777, 0o600);
    const checked = verifier('case', file('case.tar'), ...known, ...by);
    assert.equal(checked.status, 0, checked.stdout);
    assert.match(checked.stdout, /^consistent up to \d+, witnessed up to \d+, nothing later witnessed\n/);
    const alone = verifier('case', file('case.tar'), '--key', key, ...by);
    assert.equal(alone.stdout, checked.stdout, 'what the witness signed is in it');
    assert.deepEqual(
      [made.value['objects'], made.value['objects']],
      (({ objects, verified }) => [objects, verified])(
        JSON.parse(checked.stdout.trim().split('\n').at(-1) ?? '') as { objects: number; verified: number },
      ),
    );
    await assert.rejects(audit('case', 'x', '--to', file('x')), /Study Instance UID/);
    await assert.rejects(audit('case', study), /--to FILE/);
    await assert.rejects(audit('case', '1.2.3', '--to', file('x')), /not held/);
  });

  await t.test('after a change of the key, and with an index made anew, everything goes on', async () => {
    const rotated = await audit('key', '--rotate');
    const next = String(rotated.value['key']);
    assert.notEqual(next, key);
    const before = (await audit('checkpoint')).value as unknown as CheckpointFile;
    assert.equal(before.checkpoint.key, next);
    assert.equal((await run(reindexCommand, dataDir, ['--yes'])).code, 0);
    const again = await openTestArchive(t, dataDir, SMALL_PACKS);
    await storeSmall(again, { name: 'later', study: 1, number: 2 });
    await again.close();
    const { checkpoint } = (await audit('checkpoint')).value as unknown as CheckpointFile;
    assert.ok(checkpoint.number > before.checkpoint.number);
    const all = await audit('verify', '--packs', ...known, ...by);
    assert.deepEqual([all.code, all.value['findings']], [0, 0], all.text);
    assert.equal((await run(verifyCommand, dataDir, [])).code, 0);
    assert.equal((await witnessing(file('2.json'))).code, 0, 'the same once more is no contradiction');
  });
});
