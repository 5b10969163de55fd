import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeFileHead } from '@acervo/dicom/part10.ts';
import { EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { testOp } from '@acervo/testkit/fakes/op.ts';
import { silentLog, temporaryDirectory } from '@acervo/testkit/postgres.ts';
import { openImportLedger } from '../../adapters/fs/import-ledger.ts';
import { sourceFiles } from '../../adapters/fs/source-files.ts';
import { outgoingAssociations } from '../../adapters/net/outgoing.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { makeTranscoder } from '../../holdings/transcode.ts';
import type { Address } from '../../ports/systems.ts';
import { type Image, image, startArchive, storeImage } from '../retrieve/retrieve.fixture.ts';
import { type Sent, sendFiles, sendStudies } from './send.ts';
import { receiver, startDestination } from './transfer.fixture.ts';

const STUDY = '2.25.7201';
const native = (number: number, transferSyntaxUid = EXPLICIT_LE): Image =>
  image({ study: STUDY, series: 1, number, transferSyntaxUid });

const addressOf = (port: number, transferSyntaxes: readonly string[] = []): Address => ({
  aeTitle: 'DEST',
  host: '127.0.0.1',
  port,
  tls: false,
  certificates: [],
  transferSyntaxes,
  associationsMax: undefined,
});

async function sending(t: TestContext, ledgerPath: string) {
  const told: Sent[] = [];
  const ledger = await openImportLedger(ledgerPath, false);
  t.after(() => ledger.close());
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 });
  t.after(() => imaging.close());
  const associate = outgoingAssociations({ aeTitle: 'ACERVO', associationsMax: 2, timeoutMs: 5000 });
  const tell = (sent: Sent): void => void told.push(sent);
  return { told, ports: { associate, transcoder: makeTranscoder(imaging), log: silentLog, ledger, tell } };
}

function written(folder: string, images: readonly Image[]): void {
  mkdirSync(folder, { recursive: true });
  images.forEach((each, index) => {
    writeFileSync(join(folder, `${index}.dcm`), concat([writeFileHead(each), each.dataSet]));
  });
}

test('files are sent as they are; what is refused is named, and sent by the next run alone', async (t) => {
  const folder = temporaryDirectory();
  const images = [native(1), native(2, IMPLICIT_LE), native(3)];
  written(join(folder, 'in'), images);
  writeFileSync(join(folder, 'in', 'notes.txt'), 'no object, but some text that is long enough'.repeat(10));
  let isFull = true;
  const taken = receiver(({ sopInstanceUid }) => ({
    status: isFull && sopInstanceUid === images[2]?.sopInstanceUid ? 0xa700 : 0,
  }));
  const { port } = await startDestination(t, taken);
  const ledger = join(folder, 'ledger.jsonl');
  const first = await sending(t, ledger);
  const summary = await sendFiles(first.ports, testOp(), addressOf(port), sourceFiles([join(folder, 'in')]));
  assert.deepEqual([summary.sent, summary.failed, summary.skipped, summary.before], [2, 1, 1, 0]);
  assert.deepEqual(summary.studies, [{ study: STUDY, sent: 2, warning: 0, failed: 1, before: 0 }]);
  assert.match(first.told.find(({ outcome }) => outcome === 'failed')?.reason ?? '', /^answer 0xA700/);
  for (const { sopInstanceUid, transferSyntaxUid, dataSet } of taken.received) {
    const sent = images.find((each) => each.sopInstanceUid === sopInstanceUid);
    assert.equal(transferSyntaxUid, sent?.transferSyntaxUid);
    assert.deepEqual(dataSet, sent?.dataSet);
  }
  isFull = false;
  taken.received.length = 0;
  const second = await sending(t, ledger);
  const again = await sendFiles(second.ports, testOp(), addressOf(port), sourceFiles([join(folder, 'in')]));
  assert.deepEqual([again.sent, again.failed, again.before], [1, 0, 2]);
  assert.deepEqual(
    taken.received.map(({ sopInstanceUid }) => sopInstanceUid),
    [images[2]?.sopInstanceUid],
  );
});

test('a file is converted for a receiver that takes only Implicit VR', async (t) => {
  const folder = temporaryDirectory();
  written(join(folder, 'in'), [native(1), native(2, EXPLICIT_BE)]);
  const taken = receiver();
  const { port } = await startDestination(t, taken);
  const { ports } = await sending(t, join(folder, 'ledger.jsonl'));
  const summary = await sendFiles(ports, testOp(), addressOf(port, [IMPLICIT_LE]), sourceFiles([join(folder, 'in')]));
  assert.equal(summary.sent, 2);
  for (const { transferSyntaxUid } of taken.received) assert.equal(transferSyntaxUid, IMPLICIT_LE);
});

test('a study of the archive is sent and in the journal; nobody there: every object has failed', async (t) => {
  const archive = await startArchive(t);
  const { holdings } = archive.server.archive;
  for (const number of [2, 1, 3]) await storeImage(archive, native(number));
  const taken = receiver();
  const destination = await startDestination(t, taken);
  const address = addressOf(destination.port);
  const { ports } = await sending(t, join(temporaryDirectory(), 'ledger.jsonl'));
  const summary = await sendStudies({ ...ports, holdings }, testOp(), address, [STUDY]);
  assert.deepEqual([summary.sent, summary.failed], [3, 0]);
  assert.deepEqual(
    taken.received.map(({ sopInstanceUid }) => sopInstanceUid),
    [1, 2, 3].map((number) => native(number).sopInstanceUid),
  );
  const rows = await holdings.db.query<{ event: string }>(`select event from journal where kind = 'study.retrieved'`);
  const { facts } = JSON.parse(rows[0]?.event ?? '{}');
  assert.deepEqual([facts.service, facts.destination], ['send', 'DEST']);
  await destination.close({ timeoutMs: 0 });
  const later = await sending(t, join(temporaryDirectory(), 'ledger.jsonl'));
  const none = await sendStudies({ ...later.ports, holdings }, testOp(), address, [STUDY]);
  assert.deepEqual([none.sent, none.failed], [0, 3]);
});
