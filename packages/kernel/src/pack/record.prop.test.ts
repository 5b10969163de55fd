import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../failure.ts';
import {
  announcedDigest,
  type CommitRecord,
  decodeRecord,
  encodeRecord,
  isRecordPath,
  recordPath,
  segmentPath,
} from './record.ts';
import { readTarHeader, writeTarHeader } from './tar.ts';

const text = fc.string({ maxLength: 20 }).filter((value) => value.isWellFormed());
const count = fc.integer({ min: 0, max: 2 ** 40 });
const member = fc.record(
  {
    path: text,
    at: count,
    length: count,
    head: count,
    sha256: text,
    headSha256: text,
    transferSyntax: text,
    sopClass: text,
    study: text,
    series: text,
    sop: text,
    version: count,
    context: fc.constant(0),
    event: fc.constant(0),
    received: text,
    rewritten: fc.boolean(),
  },
  { noNullPrototype: true },
);
const context = fc.record(
  {
    institution: text,
    system: text,
    door: text,
    issuer: text,
    charset: text,
    actor: fc.record({ kind: text, id: text }, { noNullPrototype: true }),
    op: text,
  },
  { noNullPrototype: true },
);
const record: fc.Arbitrary<CommitRecord> = fc.record(
  {
    v: fc.constant(2 as const),
    segment: count,
    record: count,
    previous: text,
    at: text,
    writer: text,
    members: fc.array(member, { maxLength: 4 }),
    contexts: fc.array(context, { minLength: 1, maxLength: 2 }),
    events: fc.constant([{ kind: 'instance.stored' }]),
    voids: fc.array(fc.record({ segment: count, from: count }, { noNullPrototype: true }), { maxLength: 2 }),
    sealed: fc.boolean(),
  },
  { noNullPrototype: true },
);

test('property: a record comes back as it was', () => {
  fc.assert(fc.property(record, (given) => assert.deepEqual(decodeRecord(encodeRecord(given)), given)));
});

test('property: any change of its content is a Failure or another record, never another error', () => {
  fc.assert(
    fc.property(record, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, bits) => {
      const bytes = encodeRecord(given);
      bytes[at % bytes.length] = (bytes[at % bytes.length] as number) ^ bits;
      try {
        decodeRecord(bytes);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'retrieve/damaged', String(thrown));
      }
    }),
  );
});

test('a member may not point to a context or event that is not there', () => {
  const [sample] = fc.sample(
    record.filter(({ members }) => members.length > 0),
    1,
  );
  assert.ok(sample);
  for (const name of ['context', 'event'] as const) {
    const wrong = { ...sample, members: sample.members.map((each) => ({ ...each, [name]: 7 })) };
    assert.throws(() => decodeRecord(encodeRecord(wrong)), Failure);
  }
});

test('paths: a record announces its digest and fits a tar header; segments lie ten thousand a folder', () => {
  const path = recordPath(12, 3, 'a'.repeat(64));
  assert.ok(isRecordPath(path));
  assert.equal(announcedDigest(path), 'a'.repeat(64));
  assert.equal(readTarHeader(writeTarHeader({ path, sizeBytes: 1, mtimeSeconds: 0, type: 'file' }))?.path, path);
  assert.equal(segmentPath(0), '0000/00000000.tar');
  assert.equal(segmentPath(123_456), '0012/00123456.tar');
});
