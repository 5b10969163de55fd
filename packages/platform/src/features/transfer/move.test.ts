import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { segmentPath } from '@acervo/kernel/pack/record.ts';
import { type Image, image, pixelsOf, storeImage, type TestArchive } from '../retrieve/retrieve.fixture.ts';
import {
  asked,
  associate,
  countsOf,
  failedUidsOf,
  qr,
  receiver,
  retrieve,
  STUDY_ROOT,
  startArchiveWith,
  startDestination,
} from './transfer.fixture.ts';

const JPEG_LOSSLESS = '1.2.840.10008.1.2.4.70';
const STUDY = '2.25.7101';
const KEYS = { QueryRetrieveLevel: 'STUDY', StudyInstanceUID: STUDY } as const;

const native = (number: number, transferSyntaxUid = EXPLICIT_LE, more: object = {}): Image =>
  image({ study: STUDY, series: 1, number, transferSyntaxUid, ...more });

async function filled(archive: TestArchive, count: number): Promise<Image[]> {
  const images = Array.from({ length: count }, (_, index) => native(index + 1));
  for (const each of images) await storeImage(archive, each);
  return images;
}

const toMove = (t: TestContext, archive: TestArchive) => associate(t, archive, [qr(STUDY_ROOT.move)]);

test('C-MOVE sends a study to a destination, says for whom, and is in the journal with where it went', async (t) => {
  const taken = receiver();
  const { port } = await startDestination(t, taken);
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }]);
  const images = await filled(archive, 12);
  const association = await toMove(t, archive);
  const { final } = await retrieve(association, STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0);
  assert.deepEqual(countsOf(final), [12, 0, 0, undefined]);
  assert.deepEqual(
    taken.received.map(({ sopInstanceUid }) => sopInstanceUid),
    images.map(({ sopInstanceUid }) => sopInstanceUid),
  );
  for (const [index, { dataSet, command }] of taken.received.entries()) {
    assert.deepEqual(dataSet, images[index]?.dataSet);
    assert.equal(command.moveOriginatorAet, 'SCU');
    assert.equal(command.moveOriginatorMessageId, final.command.messageIdBeingRespondedTo);
  }
  const rows = await archive.server.archive.database.query<{ event: string }>(
    `select event from journal where kind = 'study.retrieved'`,
  );
  assert.deepEqual(
    rows.map(({ event }) => JSON.parse(event).facts.destination),
    ['DEST'],
  );
  await association.release();
});

test('an unknown destination is A801: not in the list, no destination, of an institution not seen', async (t) => {
  const taken = receiver();
  const { port } = await startDestination(t, taken);
  const archive = await startArchiveWith(
    t,
    [
      { aeTitle: 'SCU' },
      { aeTitle: 'MODALITY', port, isMoveDestination: false },
      { aeTitle: 'DEST', port, institution: 'OTHER' },
    ],
    { ACERVO_ACCESS: 'enforced' },
  );
  await filled(archive, 1);
  const association = await toMove(t, archive);
  for (const destination of ['NOBODY', 'MODALITY', 'DEST', 'SCU']) {
    const { final } = await retrieve(association, STUDY_ROOT, KEYS, destination);
    assert.equal(final.status, 0xa801, destination);
  }
  assert.equal(taken.received.length, 0);
});

test('for each object the syntax it lies in, else one it can be given in, else its failure', async (t) => {
  const taken = receiver();
  const { port } = await startDestination(t, taken);
  const archive = await startArchiveWith(t, [
    { aeTitle: 'DEST', port },
    { aeTitle: 'OLD', port, transferSyntaxes: [IMPLICIT_LE] },
  ]);
  const images = [
    native(1, IMPLICIT_LE),
    native(2, EXPLICIT_LE),
    native(3, JPEG_LOSSLESS, { fragments: [pixelsOf(100)] }),
  ];
  for (const each of images) await storeImage(archive, each);
  const association = await toMove(t, archive);
  const { final } = await retrieve(association, STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0);
  assert.deepEqual(
    taken.received.map(({ transferSyntaxUid }) => transferSyntaxUid),
    [IMPLICIT_LE, EXPLICIT_LE, JPEG_LOSSLESS],
  );
  taken.received.length = 0;
  const old = await startDestination(t, taken, 'OLD');
  const second = await startArchiveWith(t, [{ aeTitle: 'OLD', port: old.port, transferSyntaxes: [IMPLICIT_LE] }]);
  for (const each of images) await storeImage(second, each);
  const partly = await retrieve(await toMove(t, second), STUDY_ROOT, KEYS, 'OLD');
  assert.equal(partly.final.status, 0xb000);
  assert.deepEqual(countsOf(partly.final), [2, 1, 0, undefined]);
  assert.deepEqual(failedUidsOf(partly.final), [images[2]?.sopInstanceUid]);
  assert.deepEqual(
    taken.received.map(({ transferSyntaxUid }) => transferSyntaxUid),
    [IMPLICIT_LE, IMPLICIT_LE],
  );
});

test('more SOP classes than an association has contexts: several associations in turn', async (t) => {
  const taken = receiver();
  const associations: number[] = [];
  const { port } = await startDestination(t, taken, 'DEST', {
    metrics: { associationAccepted: () => associations.push(taken.received.length) },
  });
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }]);
  // Two contexts for each: its own transfer syntax and the other little endian one.
  for (let number = 1; number <= 100; number++) {
    await storeImage(archive, { ...native(number), ...ofClass(number) });
  }
  const { final } = await retrieve(await toMove(t, archive), STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0, final.command.errorComment);
  assert.equal(new Set(taken.received.map(({ sopInstanceUid }) => sopInstanceUid)).size, 100);
  assert.deepEqual(associations, [0, 64]);
});

/** A private SOP class, also in the data set. */
function ofClass(number: number): Pick<Image, 'sopClassUid' | 'dataSet'> {
  const sopClassUid = `2.25.9.${1000 + number}`;
  const { dataSet, sopClassUid: before } = native(number);
  const [from, to] = [before, sopClassUid].map((uid) => Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1'));
  const bytes = Buffer.from(dataSet);
  const at = bytes.indexOf(from as Buffer);
  const head = Buffer.from(bytes.subarray(0, at));
  head.writeUInt16LE((to as Buffer).length, at - 2);
  return {
    sopClassUid,
    dataSet: new Uint8Array(Buffer.concat([head, to as Buffer, bytes.subarray(at + (from as Buffer).length)])),
  };
}

test('refusals and warnings of the destination are counted, the failed ones are named', async (t) => {
  const images = Array.from({ length: 4 }, (_, index) => native(index + 1));
  const [, second, third] = images.map(({ sopInstanceUid }) => sopInstanceUid);
  const taken = receiver(({ sopInstanceUid }) => ({
    status: sopInstanceUid === second ? 0xa700 : sopInstanceUid === third ? 0xb007 : 0,
  }));
  const { port } = await startDestination(t, taken);
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }]);
  for (const each of images) await storeImage(archive, each);
  const { final } = await retrieve(await toMove(t, archive), STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0xb000);
  assert.deepEqual(countsOf(final), [2, 1, 1, undefined]);
  assert.deepEqual(failedUidsOf(final), [second]);
});

test('a destination that goes in the midst: what was answered counts, the rest failed, no second try', async (t) => {
  let answered = 0;
  const accepted: number[] = [];
  const taken = receiver(async () => {
    answered += 1;
    if (answered === 4) await destination.close({ timeoutMs: 0 });
    return { status: 0 };
  });
  const destination = await startDestination(t, taken, 'DEST', {
    metrics: { associationAccepted: () => accepted.push(1) },
  });
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port: destination.port }]);
  const images = await filled(archive, 10);
  const association = await toMove(t, archive);
  const { final } = await retrieve(association, STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0xb000);
  assert.deepEqual(countsOf(final), [3, 7, 0, undefined]);
  assert.deepEqual(
    failedUidsOf(final),
    images.slice(3).map(({ sopInstanceUid }) => sopInstanceUid),
  );
  assert.equal(accepted.length, 1);
  // Now nobody listens there.
  const none = await retrieve(association, STUDY_ROOT, KEYS, 'DEST');
  assert.equal(none.final.status, 0xa702);
  assert.deepEqual(countsOf(none.final), [0, 10, 0, undefined]);
});

test('an object whose bytes end too early costs itself and the association; the others go on a new one', async (t) => {
  const taken = receiver();
  const accepted: number[] = [];
  const { port } = await startDestination(t, taken, 'DEST', {
    metrics: { associationAccepted: () => accepted.push(taken.received.length) },
  });
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }]);
  const large = native(2, EXPLICIT_LE, { frames: 4, rows: 800, columns: 800 });
  for (const each of [native(1), large, native(3)]) await storeImage(archive, each);
  const [row] = await archive.server.archive.database.query<{ segment: number; at: number }>(
    'select segment, file_at as at from instance where sop_uid = $1',
    [large.sopInstanceUid],
  );
  assert.ok(row);
  // Its first piece is there, so that sending has begun when the rest is missed.
  truncateSync(join(archive.directory, 'packs', segmentPath(row.segment)), row.at + 2_000_000);
  const { final } = await retrieve(await toMove(t, archive), STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0xb000);
  assert.deepEqual(countsOf(final), [2, 1, 0, undefined]);
  assert.deepEqual(failedUidsOf(final), [large.sopInstanceUid]);
  assert.equal(final.command.errorComment, '1 failed: Stored bytes are damaged');
  assert.deepEqual(
    taken.received.map(({ sopInstanceUid }) => sopInstanceUid),
    [1, 3].map((number) => native(number).sopInstanceUid),
  );
  assert.deepEqual(accepted, [0, 1]);
});

test('a destination that says nothing times out; meanwhile the requestor hears that it goes on', async (t) => {
  const silent = createServer(() => undefined);
  const port = await listening(t, silent);
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }], { ACERVO_OUTGOING_TIMEOUT_MS: '2500' });
  await filled(archive, 3);
  const { final, pending } = await retrieve(await toMove(t, archive), STUDY_ROOT, KEYS, 'DEST');
  assert.equal(final.status, 0xa702);
  assert.deepEqual(countsOf(final), [0, 3, 0, undefined]);
  assert.ok(pending.length >= 2, `${pending.length} pending responses`);
  for (const [index, reply] of pending.entries()) {
    const [completed, failed, warnings, remaining] = countsOf(reply);
    assert.deepEqual([reply.status, completed, warnings, Number(failed) + Number(remaining)], [0xff00, 0, 0, 3]);
    // Once it has timed out, one may be said between two failures.
    if (index < 2) assert.equal(remaining, 3);
  }
});

function listening(t: TestContext, server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  t.after(() => server.close());
  return promise;
}

test('a cancelled C-MOVE stops sending and ends with FE00', async (t) => {
  const taken = receiver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return { status: 0 };
  });
  const { port } = await startDestination(t, taken);
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }]);
  await filled(archive, 60);
  const association = await toMove(t, archive);
  for await (const reply of asked(association, STUDY_ROOT, KEYS, 'DEST')) {
    assert.equal(reply.status, 0xff00);
    break;
  }
  const count = taken.received.length;
  assert.ok(count < 60, `${count} were sent although it was cancelled`);
  const { final } = await retrieve(association, STUDY_ROOT, KEYS, 'DEST');
  assert.deepEqual(countsOf(final), [60, 0, 0, undefined]);
  assert.equal(taken.received.length, count + 60, 'nothing was sent after the cancellation');
});

test('no more associations than the setting allows: another C-MOVE waits for its turn', async (t) => {
  let running = 0;
  let most = 0;
  const taken = receiver(async () => {
    await new Promise((resolve) => setTimeout(resolve, 10));
    return { status: 0 };
  });
  const { port } = await startDestination(t, taken, 'DEST', {
    metrics: {
      associationAccepted: () => {
        running += 1;
        most = Math.max(most, running);
      },
      associationEnded: () => {
        running -= 1;
      },
    },
  });
  const archive = await startArchiveWith(t, [{ aeTitle: 'DEST', port }], { ACERVO_OUTGOING_ASSOCIATIONS_MAX: '1' });
  await filled(archive, 5);
  const moves = [1, 2, 3].map(async () => retrieve(await toMove(t, archive), STUDY_ROOT, KEYS, 'DEST'));
  for (const { final } of await Promise.all(moves)) assert.deepEqual(countsOf(final), [5, 0, 0, undefined]);
  assert.equal(most, 1);
});
