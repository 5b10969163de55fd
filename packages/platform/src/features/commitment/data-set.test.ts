import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { readReport, readRequest, writeReport, writeRequest } from './data-set.ts';
import { REFERENCES_MAX, referencesOf } from './references.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const MR = '1.2.840.10008.5.1.4.1.1.4';
const TRANSACTION = '2.25.77';
const REFERENCES = referencesOf([
  { sopClassUid: MR, sopInstanceUid: '1.2.3' },
  { sopClassUid: CT, sopInstanceUid: '1.2.5' },
  { sopClassUid: CT, sopInstanceUid: '1.2.4' },
  { sopClassUid: CT, sopInstanceUid: '1.2.4' },
]);

async function* pieces(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const isFailure =
  (code: string) =>
  (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === code;

for (const syntax of [IMPLICIT_LE, EXPLICIT_LE, EXPLICIT_BE, DEFLATED_LE]) {
  test(`request and report survive ${syntax}`, async () => {
    const request = { transactionUid: TRANSACTION, references: REFERENCES };
    assert.deepEqual(await readRequest(pieces(await writeRequest(request, syntax)), syntax), request);
    const failures = { '0112': { [CT]: ['1.2.5'] }, '0119': { [MR]: ['1.2.3'] } };
    const report = await readReport(pieces(await writeReport({ ...request, failures }, syntax)), syntax);
    assert.deepEqual(report, {
      transactionUid: TRANSACTION,
      committed: [{ sopClassUid: CT, sopInstanceUid: '1.2.4' }],
      failed: [
        { sopClassUid: CT, sopInstanceUid: '1.2.5', reason: 0x0112 },
        { sopClassUid: MR, sopInstanceUid: '1.2.3', reason: 0x0119 },
      ],
    });
  });
}

test('references are a set: neither order nor repetition counts', () => {
  assert.deepEqual(REFERENCES, { [CT]: ['1.2.4', '1.2.5'], [MR]: ['1.2.3'] });
});

test('what is not an action information is refused, whatever it is', async () => {
  const whole = await writeRequest({ transactionUid: TRANSACTION, references: REFERENCES }, EXPLICIT_LE);
  const bad = [
    new Uint8Array(0),
    whole.subarray(0, whole.length - 30),
    new Uint8Array(64).fill(0xff),
    await writeRequest({ transactionUid: 'not a uid', references: REFERENCES }, EXPLICIT_LE),
    await writeRequest({ transactionUid: TRANSACTION, references: {} }, EXPLICIT_LE),
    await writeRequest({ transactionUid: TRANSACTION, references: { [CT]: [''] } }, EXPLICIT_LE),
    await writeRequest({ transactionUid: TRANSACTION, references: { '': ['1.2'] } }, EXPLICIT_LE),
  ];
  for (const bytes of bad) await assert.rejects(readRequest(pieces(bytes), EXPLICIT_LE), isFailure('request/invalid'));
});

test('more references than the limit are refused, and so are more bytes', async () => {
  const uids = Array.from({ length: REFERENCES_MAX + 1 }, (_unused, n) => `1.2.${n}`);
  const ask = (count: number) =>
    writeRequest({ transactionUid: TRANSACTION, references: { [CT]: uids.slice(0, count) } }, IMPLICIT_LE);
  const most = await readRequest(pieces(await ask(REFERENCES_MAX), 100_000), IMPLICIT_LE);
  assert.equal(most.references[CT]?.length, REFERENCES_MAX);
  await assert.rejects(
    readRequest(pieces(await ask(REFERENCES_MAX + 1), 100_000), IMPLICIT_LE),
    isFailure('commitment/too-many'),
  );
  await assert.rejects(
    readRequest(pieces(new Uint8Array(9 << 20), 1 << 20), IMPLICIT_LE),
    isFailure('commitment/too-many'),
  );
});
