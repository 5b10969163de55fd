import assert from 'node:assert/strict';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { migratedDatabase, silentLog, temporaryDatabase, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { fileBlobStore } from '../adapters/fs/blob-store.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { MIGRATIONS_FOLDER, migrate } from '../adapters/postgres/migrate.ts';
import type { SqlValue } from '../ports/sql.ts';
import { type Envelope, envelopeOf } from './event.ts';
import { insertEvents } from './journal.repo.ts';
import { monthAfter, monthOf } from './month.ts';
import { ensureMonths, keepMonths } from './months.ts';
import { Sealer } from './sealer.ts';

/** An event of a moment, with an id of the same. */
function eventAt(at: string, study = ''): Envelope {
  const id = newId(Date.parse(at));
  return { ...envelopeOf(testOp(), 'study.retrieved', { institution: 'HGM', study }, {}), id, at };
}

async function migrated(t: TestContext): Promise<Database> {
  const db = await migratedDatabase(t);
  return db;
}

/** In which table each event lies. */
const placesOf = async (db: Database): Promise<string[]> =>
  db.asOwner(async (sql) => {
    const rows = await sql.query<{ place: string }>(
      `select tableoid::regclass::text as place from journal where kind = 'study.retrieved' order by id`,
    );
    return rows.map(({ place }) => place);
  });

test('a month is that of UTC, to the millisecond, whatever year begins', () => {
  for (const at of ['2026-11-30T23:59:59.999Z', '2026-12-01T00:00:00.000Z', '2028-02-29T12:00:00.000Z']) {
    assert.equal(monthOf(newId(Date.parse(at))), at.slice(0, 7));
  }
  assert.deepEqual(
    [monthAfter('2026-11', 2), monthAfter('2026-01', -1), monthAfter('2026-12', 60)],
    ['2027-01', '2025-12', '2031-12'],
  );
});

test('events around midnight at the end of a month: none fails, made ahead or not', async (t) => {
  const db = await migrated(t);
  const moments = ['2021-11-30T23:59:59.999Z', '2021-12-01T00:00:00.000Z', '2022-01-31T23:59:59.999Z'];
  for (const at of moments) await insertEvents(db, [eventAt(at)]);
  assert.deepEqual(await placesOf(db), ['journal_default', 'journal_default', 'journal_default']);
  const before = await db.query('select xid::text as xid, id, event from journal order by id');

  // The clock stands one millisecond before the month ends: the next two are there already.
  assert.equal(await ensureMonths(db, new Date('2021-11-30T23:59:59.999Z')), 4);
  assert.deepEqual(await placesOf(db), ['journal_2021_11', 'journal_2021_12', 'journal_2022_01']);
  assert.deepEqual(await db.query('select xid::text as xid, id, event from journal order by id'), before);
  for (const at of moments) await insertEvents(db, [eventAt(at)]);
  assert.deepEqual(new Set(await placesOf(db)), new Set(['journal_2021_11', 'journal_2021_12', 'journal_2022_01']));
  assert.equal(await ensureMonths(db, new Date('2021-12-01T00:00:00.000Z')), 1, 'February');
  assert.equal(await ensureMonths(db, new Date('2021-12-01T00:00:00.000Z')), 0);

  // Ids that tell no time of ours: of the beginning, of far ahead, of another version.
  const odd = [
    '00000000-0000-7000-8000-000000000001',
    newId(Date.UTC(2300, 0)),
    'ffffffff-ffff-4fff-8fff-ffffffffffff',
  ];
  for (const id of odd) await insertEvents(db, [{ ...eventAt('2021-12-01T00:00:00.000Z'), id }]);
  assert.equal((await placesOf(db)).filter((place) => place === 'journal_default').length, 3);
  // The same once more, over all months and the default one, changes nothing.
  for (const { id } of before as { id: string }[]) await insertEvents(db, [{ ...eventAt(moments[0] ?? ''), id }]);
  assert.equal((await placesOf(db)).length, 9);
});

test('two servers make the months at once while events come, and wait for who reads for long', async (t) => {
  const db = await migrated(t);
  const events = Array.from({ length: 40 }, (_, day) => eventAt(new Date(Date.UTC(2022, 0, 1 + day)).toISOString()));
  const now = new Date('2022-01-15T00:00:00Z');
  // Either may give up, to be tried again; no event may.
  const making = Promise.allSettled([ensureMonths(db, now), ensureMonths(db, now)]);
  await Promise.all(events.map((event) => insertEvents(db, [event])));
  await making;
  assert.equal((await placesOf(db)).length, 40);
  await ensureMonths(db, now);
  assert.deepEqual(new Set(await placesOf(db)), new Set(['journal_2022_01', 'journal_2022_02']));

  await db.transaction(async (sql) => {
    await sql.query('select count(*) from journal');
    await assert.rejects(ensureMonths(db, new Date('2023-01-01T00:00:00Z')), /55P03/);
    await insertEvents(sql, [eventAt('2023-01-02T00:00:00Z')]);
  });
  assert.ok((await ensureMonths(db, new Date('2023-01-01T00:00:00Z'))) > 0);
  assert.ok((await placesOf(db)).includes('journal_2023_01'));
});

test('numbers are gapless and unique over all months', async (t) => {
  const db = await migrated(t);
  const sealer = new Sealer(db, fileBlobStore(temporaryDirectory()), silentLog);
  t.after(() => sealer.close());
  const other = new Sealer(db, fileBlobStore(temporaryDirectory()), silentLog);
  await ensureMonths(db, new Date('2022-01-15T00:00:00Z'));
  for (const at of ['2022-02-01T00:00:00.000Z', '2022-01-31T23:59:59.999Z', '2030-01-01T00:00:00.000Z']) {
    await insertEvents(db, [eventAt(at)]);
    await sealer.sealAll();
  }
  await insertEvents(db, [eventAt('2022-01-01T00:00:00.000Z'), eventAt('2022-03-01T00:00:00.000Z')]);
  await sealer.sealAll();
  const seals = await db.query<{ seq: number; id: string }>('select seq, id from journal_seal order by seq');
  assert.deepEqual(
    seals.map(({ seq }) => seq),
    [1, 2, 3, 4, 5],
  );
  const id = seals[0]?.id ?? '';
  await assert.rejects(db.query(`insert into journal_seal values (1, $1, '9', 'x')`, [newId()]), /23505/);
  await assert.rejects(db.query(`insert into journal_seal values (6, $1, '9', 'x')`, [id]), /23505/);
  await other.close();
});

test('what is looked for is led to its month by an index', async (t) => {
  const db = await migrated(t);
  await ensureMonths(db, new Date('2022-01-15T00:00:00Z'));
  const events = Array.from({ length: 600 }, (_, hour) =>
    eventAt(new Date(Date.UTC(2022, 0, 1, hour)).toISOString(), `1.2.${hour % 50}`),
  );
  await insertEvents(db, events);
  await db.asOwner((sql) => sql.query('analyze journal'));
  const planOf = async (text: string, values: (string | number)[]): Promise<string> =>
    db.transaction(async (sql) => {
      await sql.query('set local enable_seqscan = off');
      const rows = await sql.query<{ 'QUERY PLAN': string }>(`explain (analyze, costs off) ${text}`, values);
      return rows.map((row) => row['QUERY PLAN']).join('\n');
    });
  const byId = await planOf('select event from journal where id = $1', [events[7]?.id ?? '']);
  assert.match(byId, /Index Scan using journal_2022_01_pkey/);
  assert.doesNotMatch(byId, /2022_02|default/, 'one month alone is looked at');
  const ofStudy = await planOf(`select event from journal where study = $1 and study <> '' order by at`, ['1.2.3']);
  assert.match(ofStudy, /journal_2022_01_study_at_idx/);
  const order = await planOf(
    `select id from journal where (xid, id) > ($1::text::xid8, $2::uuid) order by xid, id limit 10`,
    ['0', events[0]?.id ?? ''],
  );
  assert.match(order, /Merge Append[\s\S]*journal_2022_01_xid_id_idx/);
  assert.doesNotMatch(byId + ofStudy + order, /Seq Scan/);
});

test('a journal of one table is brought into months, without loss', async (t) => {
  const db = await temporaryDatabase(t);
  const folder = temporaryDirectory();
  const steps = readdirSync(MIGRATIONS_FOLDER).sort();
  const parting = steps.findIndex((file) => file.endsWith('-part-journal.sql'));
  const copy = (files: readonly string[]): void => {
    for (const file of files) cpSync(join(MIGRATIONS_FOLDER, file), join(folder, file));
  };
  copy(steps.slice(0, parting));
  await migrate(db, silentLog, folder);
  const days = ['2019-03-31T23:59:59.999Z', '2019-04-01T00:00:00.000Z', '2024-02-29T00:00:00.000Z'];
  for (const at of days) await insertEvents(db, [eventAt(at, '1.2.3')]);
  await insertEvents(db, [{ ...eventAt('2019-04-02T00:00:00Z'), id: '00000000-0000-7000-8000-000000000001' }]);
  const rows = 'select xid::text as xid, id, at, kind, institution, actor, study, event from journal order by id';
  const before = await db.query(rows);
  copy(steps.slice(parting));
  await migrate(db, silentLog, folder);
  assert.deepEqual(await db.query(rows), before);
  assert.deepEqual(await placesOf(db), ['journal_default', 'journal_2019_03', 'journal_2019_04', 'journal_2024_02']);
  const sealer = new Sealer(db, fileBlobStore(temporaryDirectory()), silentLog);
  assert.equal(await sealer.sealAll(), 4, 'the order of transactions is what it was');
  await sealer.close();
});

test('that somebody has the journal for a moment is no failure that anybody is told of', async (t) => {
  const db = await migrated(t);
  const told: string[] = [];
  const ending = new AbortController();
  let asked = 0;
  const busyAtFirst: Pick<Database, 'query'> = {
    query: async <Row extends object>(text: string, values?: readonly SqlValue[]) => {
      asked += 1;
      if (asked === 1) throw new Failure('internal', 'database error 55P03 ProcessInterrupts');
      return db.query<Row>(text, values).finally(() => ending.abort());
    },
  };
  const log = { ...silentLog, warn: (event: string) => void told.push(event) };
  await keepMonths(busyAtFirst as Database, log, ending.signal);
  assert.deepEqual([asked, told], [2, []]);
  assert.equal(await ensureMonths(db, new Date()), 0, 'they are there');
});
