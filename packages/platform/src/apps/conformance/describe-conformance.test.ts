import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STORAGE_SOP_CLASSES } from '@acervo/dicom/sop-class.ts';
import { TRANSFER_SYNTAXES } from '@acervo/dicom/transfer-syntax.ts';
import { FAILURES, Failure } from '@acervo/kernel/failure.ts';
import { closedHoldings } from './closed-holdings.ts';
import { describeConformance } from './describe-conformance.ts';
import { table } from './markdown.ts';

test('the statement names every storage class, transfer syntax and failure, and every departure', () => {
  const text = describeConformance('the departures');
  for (const { uid } of [...STORAGE_SOP_CLASSES, ...TRANSFER_SYNTAXES]) assert.ok(text.includes(`\`${uid}\``), uid);
  for (const code of Object.keys(FAILURES)) assert.ok(text.includes(`\`${code}\``), code);
  assert.ok(text.includes('the departures'));
  assert.equal(text.includes('undefined'), false);
});

test('the statement is the same each time it is made', () => {
  assert.equal(describeConformance(''), describeConformance(''));
});

test('holdings that are not open refuse', async () => {
  const { db, blobs, store } = closedHoldings();
  const isClosed = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'store/unavailable';
  await assert.rejects(db.query('select 1'), isClosed);
  await assert.rejects(Array.fromAsync(blobs.list()), isClosed);
  assert.throws(() => store.checkGate(), isClosed);
});

test('a bar in a cell does not end it', () => {
  assert.equal(table(['a'], [['x | y']]), '| a |\n|---|\n| x \\| y |');
});
