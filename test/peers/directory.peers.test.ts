import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { runAcervo, scratch, startArchive } from '../harness/archive-process.ts';

/** A change is known to a running server within a second or two; on a busy machine, later. */
const KNOWN_MS_MAX = 15_000;
const AGAIN_MS = 100;
const IMPORT_MS_MAX = 60_000;

type Line = Record<string, unknown>;

async function directory(dataDir: string, args: readonly string[], expected = 0): Promise<Line[]> {
  const { code, out, err } = await runAcervo(dataDir, ['directory', ...args, '--json']);
  assert.equal(code, expected, `${args.join(' ')}: ${err}`);
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

const SEED = {
  institutions: [{ code: 'HGM', name: 'Hospital General de México', state: '09', facilities: ['DFSSA000999'] }],
  people: [
    { login: 'ana', name: 'Ana Núñez', institution: 'HGM', roles: [{ role: 'radiologist', institution: 'HGM' }] },
  ],
  sensitivities: [{ institution: 'HGM', label: 'vip', patientId: 'P1', reason: 'known' }],
};

test('what is described counts in a running server, outlives its database, goes elsewhere as a file', async (t) => {
  const folder = scratch(t, 'directory-kept');
  const dataDir = join(folder, 'data');
  const [seed, before, after, moved] = ['seed', 'before', 'after', 'moved'].map((name) => join(folder, `${name}.json`));
  assert.ok(seed && before && after && moved);
  writeFileSync(seed, JSON.stringify(SEED));
  const archive = await startArchive(t, dataDir);
  const [dry] = await directory(dataDir, ['seed', seed, '--dry-run']);
  assert.deepEqual(await directory(dataDir, ['people', 'list']), []);
  const [first] = await directory(dataDir, ['seed', seed]);
  assert.deepEqual({ ...(first?.['summary'] as object), isDryRun: true }, dry?.['summary']);
  await directory(dataDir, ['people', 'add', 'login=luis', 'name=Luis Íñigo', 'institution=HGM']);
  await directory(dataDir, [
    'roles',
    'grant',
    'luis',
    'steward',
    'HGM',
    '--from',
    '2030-01-01',
    '--until',
    '2031-01-01',
  ]);
  await directory(dataDir, ['roles', 'grant', 'luis', 'technician', 'HGM']);
  await directory(dataDir, ['roles', 'end', 'luis', 'technician', 'HGM']);
  await directory(dataDir, ['people', 'disable', 'ana']);
  await directory(dataDir, ['sensitivity', 'mark', 'HGM', 'hiv', '--study', '1.2.3', '--reason', 'result']);
  await directory(dataDir, ['sensitivity', 'clear', 'HGM', 'vip', '--patient', 'P1', '--reason', 'no more']);
  const marks = await directory(dataDir, ['sensitivity', 'list', 'HGM']);
  assert.deepEqual(
    marks.map(({ label, studyUid }) => [label, studyUid]),
    [['hiv', '1.2.3']],
  );
  await untilKnown(`${archive.http}/api/directory/people`, /"isActive":false/);

  await directory(dataDir, ['export', before]);
  assert.equal(await archive.stop(), 0);
  const reindexed = await runAcervo(dataDir, ['reindex', '--yes', '--json']);
  assert.equal(reindexed.code, 0, reindexed.err);
  await directory(dataDir, ['export', after]);
  assert.equal(readFileSync(after, 'utf8'), readFileSync(before, 'utf8'));
  const other = join(folder, 'other');
  await directory(other, ['seed', before]);
  await directory(other, ['export', moved]);
  assert.equal(readFileSync(moved, 'utf8'), readFileSync(before, 'utf8'));
});

async function untilKnown(url: string, answer: RegExp): Promise<void> {
  const end = performance.now() + KNOWN_MS_MAX;
  for (;;) {
    const text = await (await fetch(url)).text();
    if (answer.test(text)) return;
    assert.ok(performance.now() < end, `${answer} never came: ${text}`);
    await pause(AGAIN_MS);
  }
}

test('a catalogue of 40,000 establishments in Latin-1 is taken in seconds, and what is skipped is named', async (t) => {
  const folder = scratch(t, 'directory-clues');
  const dataDir = join(folder, 'data');
  const file = join(folder, 'clues.csv');
  const head = 'CLUES,ENTIDAD,CLAVE DE LA ENTIDAD,CLAVE DE LA INSTITUCION,NOMBRE DE LA UNIDAD,LATITUD';
  const lines = Array.from(
    { length: 40_000 },
    (_, index) => `JCSSA${String(index).padStart(6, '0')},JALISCO,14,SSA,"CLÍNICA, ${index}",20.6`,
  );
  writeFileSync(file, Buffer.from([head, ...lines, 'JCSSA1,JALISCO,14,SSA,CORTA,1'].join('\r\n'), 'latin1'));
  await directory(dataDir, ['institutions', 'add', 'HGM', 'name=Hospital General', 'state=14']);
  const startedAt = performance.now();
  const told = await directory(dataDir, ['facilities', 'import', file, '--edition', '2026-01-31'], 4);
  assert.ok(performance.now() - startedAt < IMPORT_MS_MAX);
  assert.deepEqual(told[0], { line: 40_002, reason: 'not-clues' });
  const { added, skipped } = (told.at(-1)?.['summary'] ?? {}) as Line;
  assert.deepEqual([added, skipped], [40_000, 1]);
  assert.deepEqual(await directory(dataDir, ['facilities', 'find', 'JCSSA039999']), [
    { clues: 'JCSSA039999', institution: 'SSA', name: 'CLÍNICA, 39999', state: '14', edition: '2026-01-31' },
  ]);
});

test('a command line that is not understood changes nothing and says so', async (t) => {
  const dataDir = join(scratch(t, 'directory-bad'), 'data');
  const archive = await startArchive(t, dataDir);
  await directory(dataDir, ['institutions', 'add', 'HGM', 'name=Hospital General']);
  await directory(dataDir, ['people', 'add', 'login=ana', 'name=Ana', 'institution=HGM']);
  await directory(dataDir, ['roles', 'grant', 'ana', 'validator', '*']);
  for (const [args, code, about] of [
    [['fly', 'away'], 2, /usage/],
    [['people', 'fly'], 2, /usage/],
    [['roles', 'grant', 'ana', 'steward'], 2, /usage/],
    [['institutions', 'add', 'hgm', 'name=X'], 1, /institution code/],
    [['institutions', 'add', 'HGM', 'colour=red'], 1, /colour=red/],
    [['roles', 'grant', 'ana', 'wizard', 'HGM'], 1, /role/],
    [['roles', 'grant', 'ana', 'site-chief', 'HGM'], 1, /validator with site-chief/],
    [['roles', 'grant', 'ana', 'steward', 'HGM', '--until', 'tomorrow'], 1, /until/],
    [['roles', 'end', 'ana', 'steward', 'HGM'], 1, /no steward/],
    [['facilities', 'import', '/nowhere.csv', '--edition', '2026-01-31'], 1, /cannot read/],
    [['sensitivity', 'mark', 'HGM', 'vip', '--patient', 'P1'], 1, /say why/],
    [['seed', '/nowhere.json'], 1, /cannot read/],
  ] as const) {
    const run = await runAcervo(dataDir, ['directory', ...args]);
    assert.equal(run.code, code, args.join(' '));
    assert.match(run.out + run.err, about);
  }
  const [ana, ...others] = await directory(dataDir, ['people', 'list']);
  const roles = (ana?.['roles'] ?? []) as unknown[];
  assert.deepEqual([roles.length, others.length], [1, 0]);
  assert.equal(await archive.stop(), 0);
});
