import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isValidUid, newUid } from './uid.ts';

test('valid UIDs (PS3.5 9.1), leading zeros tolerated', () => {
  for (const uid of ['1', '1.2.840.10008.1.2', '2.25.0', '1.2.03.004', '1'.repeat(64)]) assert.ok(isValidUid(uid), uid);
  for (const not of ['', '.', '1.', '.1', '1..2', '1.2a', '1.2 ', ' 1.2', '1.2\0', '1.2\n', '१.२', '../1']) {
    assert.ok(!isValidUid(not), JSON.stringify(not));
  }
  assert.ok(!isValidUid('1'.repeat(65)));
});

test('new UIDs are valid and differ', () => {
  const uids = Array.from({ length: 100 }, newUid);
  for (const uid of uids) assert.ok(isValidUid(uid) && /^2\.25\.[1-9]\d*$/.test(uid), uid);
  assert.equal(new Set(uids).size, uids.length);
});
