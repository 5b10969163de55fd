import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isStorageSopClass, STORAGE_SOP_CLASSES, sopClassName } from './sop-class.ts';
import { isValidUid } from './uid.ts';

test('the table has each storage class once, named', () => {
  const uids = STORAGE_SOP_CLASSES.map(({ uid }) => uid);
  assert.equal(new Set(uids).size, uids.length);
  assert.ok(uids.length > 200);
  for (const { uid, name } of STORAGE_SOP_CLASSES) assert.ok(isValidUid(uid) && name.length > 5, uid);
});

test('storage classes: current, retired, newer than the dictionary, private', () => {
  for (const uid of [
    '1.2.840.10008.5.1.4.1.1.2',
    '1.2.840.10008.5.1.4.1.1.6',
    '1.2.840.10008.5.1.1.30',
    '1.2.840.10008.5.1.4.1.1.66.7',
    '1.2.840.10008.5.1.4.34.7',
    '1.2.840.10008.5.1.4.38.1',
    '1.2.840.10008.5.1.4.1.1.9999.1',
    '1.3.46.670589.5.0.10',
    '1.2.840.113619.4.2',
  ])
    assert.ok(isStorageSopClass(uid), uid);
});

test('no storage classes: services, directories, what is no UID', () => {
  for (const uid of [
    '1.2.840.10008.1.1',
    '1.2.840.10008.1.3.10',
    '1.2.840.10008.1.20.1',
    '1.2.840.10008.3.1.2.3.3',
    '1.2.840.10008.5.1.4.1.2.2.1',
    '1.2.840.10008.5.1.4.31',
    '1.2.840.10008.5.1.1.9',
    '1.2.840.10008.5.1.4.34.6.1',
    '1.2.840.10008.5.1.4.1.1.200.4',
    '1.2.840.10008.5.1.4.1.1.201.2',
    '1.2.840.10008.1.2.1',
    '1.2.840.10008.99',
    '',
    'CT',
    '1.2..3',
    '1.2.840.10008.5.1.4.1.1.',
  ])
    assert.ok(!isStorageSopClass(uid), uid);
});

test('names', () => {
  assert.equal(sopClassName('1.2.840.10008.5.1.4.1.1.2'), 'CT Image Storage');
  assert.equal(sopClassName('1.2.840.10008.1.1'), 'Verification');
  assert.equal(sopClassName('1.2.3'), undefined);
});
