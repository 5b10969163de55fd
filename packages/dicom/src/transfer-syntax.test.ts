import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEFLATED_LE,
  EXPLICIT_BE,
  EXPLICIT_LE,
  findTransferSyntax,
  IMPLICIT_LE,
  TRANSFER_SYNTAXES,
  type TransferSyntax,
} from './transfer-syntax.ts';
import { isValidUid } from './uid.ts';

const uidsWhere = (is: (syntax: TransferSyntax) => boolean): string[] =>
  TRANSFER_SYNTAXES.filter(is)
    .map(({ uid }) => uid.replace(/^1\.2\.840\.10008\.1\.2\b/, '~'))
    .sort();

test('the native encodings', () => {
  const flags = (uid: string): unknown[] => {
    const found = findTransferSyntax(uid);
    return [found?.explicitVr, found?.littleEndian, found?.deflated, found?.encapsulated, found?.lossless];
  };
  assert.deepEqual(flags(IMPLICIT_LE), [false, true, false, false, true]);
  assert.deepEqual(flags(EXPLICIT_LE), [true, true, false, false, true]);
  assert.deepEqual(flags(EXPLICIT_BE), [true, false, false, false, true]);
  assert.deepEqual(flags(DEFLATED_LE), [true, true, true, false, true]);
});

test('the table has each syntax once, with a valid UID', () => {
  const uids = TRANSFER_SYNTAXES.map(({ uid }) => uid);
  assert.equal(new Set(uids).size, uids.length);
  assert.equal(uids.length, 63);
  for (const uid of uids) assert.ok(isValidUid(uid), uid);
});

test('the exceptions of the table', () => {
  assert.deepEqual(
    uidsWhere((each) => !each.explicitVr),
    ['1.2.840.10008.1.20', '~'],
  );
  assert.deepEqual(
    uidsWhere((each) => !each.littleEndian),
    ['~.2'],
  );
  assert.deepEqual(
    uidsWhere((each) => each.deflated),
    ['~.1.99', '~.4.205', '~.4.95'],
  );
  assert.deepEqual(
    uidsWhere((each) => each.encapsulated && each.lossless),
    [
      '~.1.98',
      '~.4.110',
      '~.4.201',
      '~.4.202',
      '~.4.57',
      '~.4.58',
      '~.4.65',
      '~.4.66',
      '~.4.70',
      '~.4.80',
      '~.4.90',
      '~.4.92',
      '~.5',
      '~.8.1',
    ],
  );
});

test('unknown and private syntaxes are not found', () => {
  assert.equal(findTransferSyntax('1.2.840.113619.5.2'), undefined); // GE private, big endian pixels
  assert.equal(findTransferSyntax(''), undefined);
});
