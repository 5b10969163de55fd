import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { newId } from '@acervo/kernel/id.ts';
import { createRandom } from '@acervo/kernel/random.ts';
import { type ForgetfulBlobStore, forgetfulBlobStore } from '@acervo/testkit/fakes/forgetful-blob-store.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { migratedDatabase, silentLog } from '@acervo/testkit/postgres.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { PackSet, type SegmentRegister } from './pack/pack-set.ts';
import { Projector } from './projector.ts';
import { recover } from './recover.ts';
import { abandonSegment, insertSegment, nextSegmentNumber } from './segment.repo.ts';
import { SegmentFiles } from './segment-files.ts';
import { Store } from './store.ts';

const NODE = newId();
const SMALL_BYTES = 4096;

/** Small ones that share a group, one that is streamed, one again, one in conflict, one that is refused. */
const OBJECTS: readonly SmallObject[] = [
  ...[1, 2, 3].map((number) => smallObject({ name: 'power', study: 1, number })),
  smallObject({ name: 'power', study: 1, number: 4, pixelBytes: 5 * SMALL_BYTES }),
  smallObject({ name: 'power', study: 2, number: 1, pixelBytes: 9000 }),
  smallObject({ name: 'power', study: 1, number: 1 }),
  smallObject({ name: 'power', study: 1, number: 2, fill: 99 }),
  { ...smallObject({ name: 'power', study: 3, number: 1 }), sopInstanceUid: '1.2.3' },
];

test('power lost at every step of the protocol: acknowledged is whole, the rest is whole or absent', async (t) => {
  const database = await prepared(t);
  const steps = await stepsOfACleanRun(database);
  assert.ok(steps > 15, `${steps} steps prove little`);
  for (let step = 1; step <= steps; step++) {
    for (const seed of [1, 2, 3]) {
      await cutAt(database, step, createRandom(`${step}.${seed}`));
    }
  }
  t.diagnostic(`${steps} steps, 3 ways to forget at each`);
});

test('a failed fdatasync refuses its group for good, and the archive goes on', async (t) => {
  const database = await prepared(t);
  for (const nth of [1, 2, 3]) {
    await forgetIndex(database);
    const blobs = forgetfulBlobStore();
    const { store, stop } = open(database, blobs);
    blobs.failDatasync(nth);
    const outcomes = await sendAll(store);
    assert.ok([...outcomes.values()].includes('refused'), 'nothing met the failure');
    const later = smallObject({ name: 'power', study: 9, number: nth });
    assert.equal((await store.store(testOp(), incoming(later))).kind, 'stored');
    await stop();
    // Whatever the disk kept of the refused group, a rebuilt index must not show it.
    blobs.restorePower(createRandom(nth));
    await loseIndexRows(database);
    await recoverAll(database, blobs);
    await check(database, blobs, outcomes, `datasync ${nth}`);
  }
});

type Outcomes = Map<SmallObject, 'acknowledged' | 'refused' | 'lost'>;

async function cutAt(database: Database, step: number, random: ReturnType<typeof createRandom>): Promise<void> {
  await forgetIndex(database);
  const blobs = forgetfulBlobStore();
  const { store, stop } = open(database, blobs);
  blobs.losePowerAt(step);
  const outcomes = await sendAll(store);
  await stop();
  for (const [object, outcome] of outcomes) if (outcome === 'refused') outcomes.set(object, 'lost');
  blobs.restorePower(random);
  await loseIndexRows(database);
  await recoverAll(database, blobs);
  await check(database, blobs, outcomes, `step ${step}`);
}

async function stepsOfACleanRun(database: Database): Promise<number> {
  await forgetIndex(database);
  const blobs = forgetfulBlobStore();
  const { store, stop } = open(database, blobs);
  const outcomes = await sendAll(store);
  assert.deepEqual([...outcomes.values()], [...Array.from({ length: 7 }, () => 'acknowledged'), 'refused']);
  await stop();
  return blobs.steps();
}

/** The first four at once, so that groups form; then one after the other. */
async function sendAll(store: Store): Promise<Outcomes> {
  const outcomes: Outcomes = new Map();
  const send = async (object: SmallObject): Promise<void> => {
    await store.store(testOp(), incoming(object)).then(
      () => outcomes.set(object, 'acknowledged'),
      (thrown: { code?: string }) => outcomes.set(object, thrown.code === 'store/answer-lost' ? 'lost' : 'refused'),
    );
  };
  await Promise.all(OBJECTS.slice(0, 4).map(send));
  for (const object of OBJECTS.slice(4)) await send(object);
  return outcomes;
}

const incoming = (object: SmallObject) => ({
  form: 'dataset' as const,
  sopClassUid: object.sopClassUid,
  sopInstanceUid: object.sopInstanceUid,
  transferSyntaxUid: object.transferSyntaxUid,
  sourceAet: 'TEST',
  body: chunksOf(object.dataSet),
});

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 3000) yield bytes.subarray(at, at + 3000);
}

function open(database: Database, blobs: ForgetfulBlobStore) {
  const ending = new AbortController();
  const projector = new Projector(database, blobs, silentLog, ending.signal);
  const writer = newId();
  const register: SegmentRegister = {
    nextNumber: () => nextSegmentNumber(database),
    opened: (segment) => insertSegment(database, segment, writer, NODE),
    abandoned: (segment, voidFrom) => abandonSegment(database, segment, voidFrom),
    committed: (group) => projector.project(group, []),
  };
  const packs = new PackSet(blobs, register, { segmentBytesMax: 2 ** 20 }, writer, silentLog);
  const limits = { smallBytesMax: SMALL_BYTES, objectBytesMax: 2 ** 30, groupBytesMax: 2 ** 20 };
  const store = new Store({ blobs, packs, projector, gate: { check: () => {} }, limits });
  const stop = async (): Promise<void> => {
    await store.idle();
    ending.abort();
  };
  return { store, stop };
}

async function recoverAll(database: Database, blobs: ForgetfulBlobStore): Promise<void> {
  const projector = new Projector(database, blobs, silentLog, new AbortController().signal);
  await recover({
    blobs,
    projector,
    node: NODE,
    writer: newId(),
    isAlive: () => Promise.resolve(false),
    log: silentLog,
  });
}

async function check(database: Database, blobs: ForgetfulBlobStore, outcomes: Outcomes, what: string): Promise<void> {
  const files = new SegmentFiles(blobs, 4);
  const rows = await database.query<{ sop_uid: string; segment: number; at: number; bytes: number }>(
    'select sop_uid, segment, file_at + head_bytes as at, file_bytes - head_bytes as bytes from instance',
  );
  const visible = new Map<string, Buffer[]>();
  for (const row of rows) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of files.stream(row.segment, row.at, row.bytes)) chunks.push(chunk);
    visible.set(row.sop_uid, [...(visible.get(row.sop_uid) ?? []), Buffer.concat(chunks)]);
  }
  for (const [object, outcome] of outcomes) {
    const isSame = (bytes: Uint8Array): boolean => Buffer.from(object.dataSet).equals(bytes);
    const found = (visible.get(object.sopInstanceUid) ?? []).some(isSame);
    if (outcome === 'acknowledged') assert.ok(found, `${what}: ${object.sopInstanceUid} is lost`);
    const twin = [...outcomes].some(([other, its]) => its !== 'refused' && isSame(other.dataSet));
    if (outcome === 'refused' && !twin)
      assert.ok(!found, `${what}: ${object.sopInstanceUid} was refused and is visible`);
  }
  const known = OBJECTS.map((object) => Buffer.from(object.dataSet));
  for (const [uid, versions] of visible) {
    if (uid.startsWith('2.25.') && versions.length > 0 && outcomes.size > 0) {
      for (const bytes of versions) {
        const isWhole = known.some((each) => each.equals(bytes)) || uid.includes('.9.1.');
        assert.ok(isWhole, `${what}: ${uid} is partial`);
      }
    }
  }
}

async function prepared(t: TestContext): Promise<Database> {
  const database = await migratedDatabase(t);
  return database;
}

/** A new archive in the same database. */
async function forgetIndex(database: Database): Promise<void> {
  await database.asOwner(async (sql) => {
    await sql.query('truncate instance, series, study, journal, journal_seal, segment, uid_code restart identity');
    await sql.query(`select setval('segment_number', 0, false)`);
  });
}

/** What an asynchronous commit may lose: everything but the segments' own rows, which were committed with 'on'. */
async function loseIndexRows(database: Database): Promise<void> {
  await database.asOwner(async (sql) => {
    await sql.query('truncate instance, series, study, journal, uid_code restart identity');
    await sql.query(`update segment set committed = 0, records = 0, chain = '', state =
      case when state = 'abandoned' then state else 'open' end`);
  });
}
