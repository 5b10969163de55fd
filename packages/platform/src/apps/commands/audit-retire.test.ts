import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseArgs } from 'node:util';
import type { Json } from '@acervo/kernel/canonical-json.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { SMALL_PACKS, storeSmall } from '@acervo/testkit/filled-archive.ts';
import { smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import { silentLog } from '@acervo/testkit/postgres.ts';
import { sealedAfter } from '../../features/audit-export/audit-export.repo.ts';
import { readChanges } from '../../features/changes/changes.ts';
import { makeBundle } from '../../features/journal/bundle.ts';
import { type RetireOutcome, type RetirePorts, retire } from '../../features/journal/retire.ts';
import { accessesOf } from '../../features/rights/accesses.ts';
import { patientOfRef } from '../../holdings/patient.ts';
import { type Envelope, type EventKind, envelopeOf } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import { makeMonths } from '../../journal/months.repo.ts';
import { withRetired } from '../../journal/retired.ts';
import type { Command, ExitCode } from '../command.ts';
import { loadConfig } from '../config.ts';
import { auditCommand } from './audit.ts';
import { reindexCommand } from './reindex.ts';
import { verifyCommand } from './verify.ts';

const VERIFIER = join(import.meta.dirname, '../../../../verifier/src/main.ts');
const NOW = new Date('2026-11-29T12:00:00Z');
const PATIENT = patientOfRef('HGM/TEST/7');
const OWN = { name: 'retire', study: 1, number: 1, patientName: 'RUIZ^ANA', patientId: '7' };
const STUDY = smallObject(OWN).studyUid;

type Opened = Awaited<ReturnType<typeof openTestArchive>>;

function eventAt(at: string, kind: EventKind = 'study.retrieved', facts: Record<string, Json> = {}): Envelope {
  const study = kind === 'study.retrieved' ? STUDY : '';
  return { ...envelopeOf(testOp(), kind, { institution: 'HGM', study }, facts), id: newId(Date.parse(at)), at };
}

/** Two months of long ago, one of them with an event that is kept for ever; and what happens now. */
async function openOld(t: TestContext): Promise<Opened> {
  const archive = await openTestArchive(t, undefined, {
    ...SMALL_PACKS,
    ACERVO_CHECKPOINT_S: '86400',
    ACERVO_SEAL_INTERVAL_MS: '3600000',
  });
  const { database: db } = archive;
  await makeMonths(db, '2019-05', '2019-06');
  const days = ['2019-05-01T00:00:00.000Z', '2019-05-31T23:59:59.999Z', '2019-06-01T00:00:00.000Z'];
  for (const at of days) await insertEvents(db, [eventAt(at)]);
  await insertEvents(db, [eventAt('2019-06-02T00:00:00Z', 'checkpoint.witnessed', { number: 0, size: 0, name: 'A' })]);
  await storeSmall(archive, OWN);
  await archive.sealer.sealAll();
  return archive;
}

const portsOf = ({ database, holdings }: Opened): RetirePorts => ({
  db: database,
  journalBlobs: holdings.journalBlobs,
  asOwner: database.asOwner,
});

const attempt = (archive: Opened, over: Partial<Parameters<typeof retire>[2]> = {}): Promise<RetireOutcome> =>
  retire(portsOf(archive), testOp(), {
    now: NOW,
    months: 60,
    receiver: undefined,
    ignored: [],
    isDryRun: false,
    ...over,
  });

/** Events that the database has, by their months. */
async function heldIn({ database }: Opened): Promise<Record<string, number>> {
  const rows = await database.query<{ month: string; count: number }>(
    `select to_char(journal_month_of(id), 'YYYY-MM') as month, count(*) as count from journal
     where id < journal_month_begin('2020-01-01') group by 1`,
  );
  return Object.fromEntries(rows.map(({ month, count }) => [month, count]));
}

async function run(command: Command, dataDir: string, words: readonly string[], env: Record<string, string> = {}) {
  const { values, positionals } = parseArgs({ args: [...words], options: command.options, allowPositionals: true });
  const config = loadConfig({
    ACERVO_DATA_DIR: dataDir,
    ACERVO_ACCESS: 'open',
    ACERVO_PG_WAL_SEGMENT_MIB: '1',
    ...env,
  });
  const said: string[] = [];
  const signal = new AbortController().signal;
  const print = (text: string): void => void said.push(text);
  const code: ExitCode = await command.run(
    { values, positionals },
    { config, log: silentLog, signal, isJson: true, print },
  );
  return { code, text: said.join('\n') };
}

test('a month stays until it is numbered, signed, exported, and its segments are whole', async (t) => {
  const archive = await openOld(t);
  const { database: db } = archive;
  const stays = async (code: string, detail: RegExp, over = {}): Promise<void> => {
    const { months, obstacle } = await attempt(archive, over);
    assert.deepEqual([months, obstacle?.month, obstacle?.code], [[], '2019-05', code], obstacle?.detail);
    assert.match(obstacle?.detail ?? '', detail);
    assert.deepEqual(await heldIn(archive), { '2019-05': 2, '2019-06': 2 });
  };
  await stays('unsigned', /signed up to 0/);
  await archive.signJournal();

  const receiver = 'syslog+tls://audit.hgm.mx:6514';
  await stays('unexported', /has the journal up to 0/, { receiver });
  await db.query(`insert into audit_cursor values ($1, 1, now(), $2, now())`, [receiver, newId()]);
  await stays('unexported', /up to 1, and its last event is 2/);

  const journal = join(archive.dataDir, 'journal');
  const [file = ''] = readdirSync(journal).filter((name) => name.endsWith('.jsonl'));
  const text = readFileSync(join(journal, file), 'utf8');
  const ignored = [receiver];
  writeFileSync(join(journal, file), text.replace('2019-05-31T23:59:59.999Z', '2019-05-30T23:59:59.999Z'));
  await stays('damaged', /journal.altered 2/, { ignored });
  writeFileSync(join(journal, file), text);

  // Dropped only where the rule is older; nothing is touched by who only asks.
  assert.deepEqual((await attempt(archive, { now: new Date('2024-05-31T23:59:59Z'), ignored })).months, []);
  const dry = await attempt(archive, { isDryRun: true, ignored });
  assert.deepEqual(
    dry.months.map(({ month, events }) => [month, events]),
    [
      ['2019-05', 2],
      ['2019-06', 2],
    ],
  );
  assert.deepEqual(await heldIn(archive), { '2019-05': 2, '2019-06': 2 });

  await insertEvents(db, [eventAt('2019-06-03T00:00:00Z')]);
  assert.equal((await attempt(archive, { now: new Date('2024-06-01T00:00:00Z'), ignored })).months.length, 1);
  const late = await attempt(archive, { ignored });
  assert.deepEqual([late.months, late.obstacle?.month, late.obstacle?.code], [[], '2019-06', 'unsealed']);
  assert.deepEqual(await heldIn(archive), { '2019-06': 3 });
  assert.equal(readFileSync(join(journal, file), 'utf8').startsWith(text), true, 'the evidence stays');
  await assert.rejects(
    retire(
      portsOf(archive),
      testOp({
        allow: () => {
          throw new Failure('access/denied', '');
        },
      }),
      {
        now: NOW,
        months: 60,
        receiver: undefined,
        ignored,
        isDryRun: false,
      },
    ),
    /access\/denied/,
  );
});

test('ended between any two steps, a month is there whole or gone whole, with the event that says so', async (t) => {
  const archive = await openOld(t);
  await archive.signJournal();
  const told = (): Promise<{ facts: Json }[]> =>
    archive.database.query(`select event::jsonb -> 'facts' as facts from journal where kind = 'journal.retired'`);
  let steps = 0;
  for (let last = 1; ; last++) {
    steps = last;
    let at = 0;
    const ports = portsOf(archive);
    const dying: RetirePorts = {
      ...ports,
      asOwner: (work) =>
        ports.asOwner((sql) =>
          work({
            query: (text, values) => {
              at += 1;
              if (at === last) throw new Error('killed');
              return sql.query(text, values);
            },
          }),
        ),
    };
    const wanted = { now: NOW, months: 60, receiver: undefined, ignored: [], isDryRun: false };
    const ended = await retire(dying, testOp(), wanted).then(
      () => true,
      () => false,
    );
    const months = (await told()).length;
    const held = await heldIn(archive);
    const expected = [{ '2019-05': 2, '2019-06': 2 }, { '2019-06': 2 }, { '2019-06': 1 }][months];
    assert.deepEqual(held, expected, `killed before step ${last}`);
    if (ended) break;
  }
  assert.ok(steps > 10, `${steps} steps`);
  assert.equal((await told()).length, 2);
});

test('what was retired is verified, told and proven from the segments, and stays out of the index', async (t) => {
  const archive = await openOld(t);
  const { database: db, holdings, dataDir } = archive;
  const rights = { db, journalBlobs: holdings.journalBlobs, journal: holdings.journal, whoIs: () => undefined };
  const period = { from: '2019-01-01T00:00:00.000Z', until: '2100-01-01T00:00:00.000Z' };
  const before = await accessesOf(rights, testOp(), PATIENT, period);
  assert.deepEqual([before.accesses.length, before.retiredBefore], [3, undefined]);
  const exported = await sealedAfter(db, 0, 1000);
  await archive.close();

  const env = { ACERVO_JOURNAL_MONTHS: '60' };
  await assert.rejects(run(auditCommand, dataDir, ['retire']), /is not set/);
  assert.throws(() => loadConfig({ ACERVO_JOURNAL_MONTHS: '59' }), /60 to/);
  const dry = await run(auditCommand, dataDir, ['retire', '--dry-run'], env);
  assert.match(dry.text, /2019-05 would be retired: 2 events, numbers 1 to 2/);
  const done = await run(auditCommand, dataDir, ['retire'], env);
  assert.deepEqual([done.code, /2019-06 retired: 2 events/.test(done.text)], [0, true], done.text);
  assert.match((await run(auditCommand, dataDir, ['retire'], env)).text, /nothing to retire/);

  const check = async (): Promise<void> => {
    assert.deepEqual(
      await run(verifyCommand, dataDir, ['--deep']).then(({ code, text }) => [code, text.includes('missing')]),
      [0, false],
    );
    assert.equal((await run(auditCommand, dataDir, ['verify', '--packs'])).code, 0);
    const elsewhere = spawnSync(process.execPath, [VERIFIER, 'journal', join(dataDir, 'journal')], {
      encoding: 'utf8',
    });
    assert.equal(elsewhere.status, 0, elsewhere.stdout);
    const again = await openTestArchive(t, dataDir, SMALL_PACKS);
    assert.deepEqual(await heldIn(again), { '2019-06': 1 }, 'what witnesses signed is kept');
    const { database, holdings: held, journalKeys: keys } = again;
    const ports = { ...rights, db: database, journal: held.journal, journalBlobs: held.journalBlobs };
    const report = await accessesOf(ports, testOp(), PATIENT, period);
    assert.deepEqual(report.accesses, before.accesses);
    assert.equal(report.retiredBefore, '2019-07-01T00:00:00.000Z');
    const rows = await withRetired(held.journalBlobs, await sealedAfter(database, 0, exported.length));
    assert.deepEqual(rows, exported);
    const bundlePorts = { db: database, keys, journalBlobs: held.journalBlobs };
    const stretch = await makeBundle(bundlePorts, testOp(), { from: 1, to: 4 });
    assert.equal(stretch.lines.length, 4);
    assert.ok((await makeBundle(bundlePorts, testOp(), { study: STUDY })).lines.length >= 4);
    const changes = await readChanges(database, testOp(), { since: 0, limit: 10, kinds: ['instance.stored'] });
    assert.equal(changes.retiredTo, 4);
    await again.close();
  };
  await check();
  assert.equal((await run(reindexCommand, dataDir, ['--yes'])).code, 0);
  await check();
  // The database lost altogether, as after a restore.
  rmSync(join(dataDir, 'postgres'), { recursive: true });
  assert.equal((await run(reindexCommand, dataDir, ['--yes'])).code, 0);
  await check();
});
