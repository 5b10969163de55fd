import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { DEFLATED_LE, EXPLICIT_BE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { type SmallObject, smallObject } from '@acervo/testkit/fixtures/small-object.ts';
import { openTestArchive } from '@acervo/testkit/open-archive.ts';
import type { Incoming } from './intake.ts';

type Row = { version: number; marks: number };
type Study = { instance_count: number; series_count: number; modalities: string[]; patient_name: string };

const dataset = (object: SmallObject, over: Partial<SmallObject> = {}): Incoming => {
  const { sopClassUid, sopInstanceUid, transferSyntaxUid, dataSet } = { ...object, ...over };
  return { form: 'dataset', sopClassUid, sopInstanceUid, transferSyntaxUid, sourceAet: 'TEST', body: one(dataSet) };
};
const file = (bytes: Uint8Array): Incoming => ({ form: 'file', body: one(bytes) });

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
const failing =
  (code: FailureCode) =>
  (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === code;

test('one object, many ways to come again', async (t) => {
  const {
    holdings: { store, db },
  } = await openTestArchive(t);
  const object = smallObject({ name: 'again', study: 1, number: 1 });
  const send = async (incoming: Incoming): Promise<string> => {
    const { kind, version } = await store.store(testOp(), incoming);
    return `${kind} ${version}`;
  };
  assert.equal(await send(dataset(object)), 'stored 0');
  assert.equal(await send(dataset(object)), 'resent 0');
  for (const transferSyntaxUid of [IMPLICIT_LE, EXPLICIT_BE]) {
    const reencoded = smallObject({ name: 'again', study: 1, number: 1, transferSyntaxUid });
    assert.equal(await send(dataset(reencoded)), 'reencoded 0', transferSyntaxUid);
  }
  const other = smallObject({ name: 'again', study: 1, number: 1, fill: 200 });
  assert.equal(await send(dataset(other)), 'version 1');
  assert.equal(await send(dataset(other)), 'resent 1');
  assert.equal(await send(file(concat([writeFileHead(object), object.dataSet]))), 'resent 0');
  const large = smallObject({ name: 'again', study: 1, number: 2, pixelBytes: 2_000_000 });
  assert.equal(await send(dataset(large)), 'stored 0');
  assert.equal(await send(dataset(large)), 'resent 0');
  assert.equal(
    await send(dataset(smallObject({ name: 'again', study: 1, number: 2, pixelBytes: 2_000_000, fill: 7 }))),
    'version 1',
  );
  const [study] = await db.query<Study>('select instance_count, series_count, modalities, patient_name from study');
  assert.deepEqual(study, {
    instance_count: 2,
    series_count: 1,
    modalities: ['OT'],
    patient_name: '=NUNEZ PENA^MARIA=',
  });
  const kinds = await db.query<{ kind: string; count: number }>(
    'select kind, count(*)::integer as count from journal group by kind order by kind',
  );
  assert.deepEqual(kinds, [
    { kind: 'instance.conflicted', count: 2 },
    { kind: 'instance.resent', count: 6 },
    { kind: 'instance.stored', count: 2 },
  ]);
});

test('what this process knows to be in the index, and is not: the group is projected with all it tells', async (t) => {
  const { holdings, database } = await openTestArchive(t);
  const { store, db } = holdings;
  const send = (number: number): Promise<unknown> =>
    store.store(testOp(), dataset(smallObject({ name: 'known', study: 1, number })));
  await send(1);
  await send(2);
  await database.asOwner((sql) => sql.query('delete from study'));
  await send(3);
  await database.asOwner((sql) => sql.query('delete from series'));
  await send(4);
  await send(5);
  const [study] = await db.query('select patient_name, modalities, series_count from study');
  assert.deepEqual(study, { patient_name: '=NUNEZ PENA^MARIA=', modalities: ['OT'], series_count: 1 });
  const [series] = await db.query('select instance_count from series');
  assert.deepEqual(series, { instance_count: 2 });
  const [{ instances }] = (await db.query('select count(*) as instances from instance')) as [{ instances: number }];
  assert.equal(Number(instances), 5);
});

test('twenty senders of the same object at once: stored once', async (t) => {
  const {
    holdings: { store, db },
  } = await openTestArchive(t);
  const object = smallObject({ name: 'same', study: 1, number: 1 });
  const receipts = await Promise.all(Array.from({ length: 20 }, () => store.store(testOp(), dataset(object))));
  assert.deepEqual(
    receipts
      .map(({ kind }) => kind)
      .sort()
      .slice(-1),
    ['stored'],
  );
  assert.equal(receipts.filter(({ kind }) => kind === 'stored').length, 1);
  assert.deepEqual(await db.query<Row>('select version, marks from instance'), [{ version: 0, marks: 0 }]);
});

test('the same UIDs at two institutions are two objects', async (t) => {
  const {
    holdings: { store, db },
  } = await openTestArchive(t);
  const object = smallObject({ name: 'two', study: 1, number: 1 });
  for (const institution of ['A', 'B']) {
    const { kind } = await store.store(testOp({ institution, issuer: institution }), dataset(object));
    assert.equal(kind, 'stored');
  }
  assert.deepEqual(await db.query('select institution, issuer from study order by institution'), [
    { institution: 'A', issuer: 'A' },
    { institution: 'B', issuer: 'B' },
  ]);
});

test('what cannot be stored is refused with its reason, and leaves nothing', async (t) => {
  const {
    holdings: { store, db },
  } = await openTestArchive(t);
  const object = smallObject({ name: 'refused', study: 1, number: 1 });
  const cases: [FailureCode, Incoming][] = [
    ['store/uid-mismatch', dataset(object, { sopInstanceUid: '1.2.3' })],
    ['store/unknown-transfer-syntax', dataset(object, { transferSyntaxUid: '1.2.3' })],
    ['store/not-a-dataset', dataset(object, { dataSet: new Uint8Array(0) })],
    ['store/missing-uid', dataset(object, { dataSet: object.dataSet.subarray(0, 60) })],
    ['parse/not-part10', file(new TextEncoder().encode('<html>not found</html>'))],
    ['parse/not-part10', file(new Uint8Array(0))],
    [
      'store/wrong-study',
      { ...file(concat([writeFileHead(object), object.dataSet])), form: 'file', onlyStudy: '1.2.3' },
    ],
  ];
  for (const [code, incoming] of cases) await assert.rejects(store.store(testOp(), incoming), failing(code), code);
  assert.deepEqual(await db.query('select 1 from instance'), []);
});

test('an object that breaks off is nothing, small or streamed', async (t) => {
  const {
    holdings: { store, db },
  } = await openTestArchive(t);
  for (const pixelBytes of [100, 3_000_000]) {
    const object = smallObject({ name: 'broken', study: 1, number: pixelBytes, pixelBytes });
    async function* half(): AsyncGenerator<Uint8Array> {
      yield object.dataSet.subarray(0, object.dataSet.length >> 1);
      throw new Failure('ul/aborted', 'the sender went away');
    }
    await assert.rejects(store.store(testOp(), { ...dataset(object), body: half() }), failing('ul/aborted'));
    assert.equal((await store.store(testOp(), dataset(object))).kind, 'stored', 'the same object whole');
  }
  assert.equal((await db.query('select 1 from instance')).length, 2);
});

test('an unsound file head is replaced, a sound one is kept to the byte', async (t) => {
  const {
    holdings: { store, db, files },
  } = await openTestArchive(t);
  const sound = smallObject({ name: 'head', study: 1, number: 1 });
  const preamble = concat([new Uint8Array(128).fill(77), writeFileHead({ ...sound, sourceAet: 'HERE' }).subarray(128)]);
  const kept = concat([preamble, sound.dataSet]);
  assert.equal((await store.store(testOp(), file(kept))).marks, 0);
  const bare = smallObject({ name: 'head', study: 1, number: 2 });
  const { marks } = await store.store(testOp(), file(bare.dataSet));
  assert.equal(marks, 32);
  const [row] = await db.query<{ segment: number; at: number; bytes: number }>(
    'select segment, file_at as at, file_bytes as bytes from instance where instance_number = 1',
  );
  assert.ok(row);
  const chunks: Uint8Array[] = [];
  for await (const chunk of files.stream(row.segment, row.at, row.bytes)) chunks.push(chunk);
  assert.ok(Buffer.from(kept).equals(concat(chunks)));
});

test('a deflated object is stored as it came and indexed by what is in it', async (t) => {
  const {
    holdings: { store, db },
  } = await openTestArchive(t);
  const object = smallObject({ name: 'deflated', study: 1, number: 1 });
  const { deflateRawSync } = await import('node:zlib');
  const dataSet = new Uint8Array(deflateRawSync(object.dataSet));
  const { kind } = await store.store(testOp(), dataset(object, { dataSet, transferSyntaxUid: DEFLATED_LE }));
  assert.equal(kind, 'stored');
  assert.deepEqual(await db.query('select patient_id from study'), [{ patient_id: 'P1' }]);
});

test('many senders at once across many segments: nothing waits for ever, full ones are sealed', async (t) => {
  const {
    holdings: { store, db },
    close,
  } = await openTestArchive(t, undefined, { ACERVO_SEGMENT_MIB: '1', ACERVO_SMALL_OBJECT_KIB: '128' });
  const objects = Array.from({ length: 80 }, (_unused, number) =>
    smallObject({ name: 'segments', study: number % 5, number, pixelBytes: number % 10 === 0 ? 300_000 : 60_000 }),
  );
  for (let at = 0; at < objects.length; at += 20) {
    const wave = objects.slice(at, at + 20).map((object) => store.store(testOp(), dataset(object)));
    assert.ok((await Promise.all(wave)).every(({ kind }) => kind === 'stored'));
  }
  assert.equal((await db.query('select 1 from instance')).length, 80);
  const states = await db.query<{ state: string }>('select state from segment');
  assert.ok(states.length > 4 && states.some(({ state }) => state === 'sealed'), `${states.length} segments`);
  await close();
});
