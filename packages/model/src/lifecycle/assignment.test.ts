import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { isAssigned, placeOf } from './assignment.ts';

const KEY = new Uint8Array(32).map((_, index) => index);
const UIDS = Array.from({ length: 2000 }, (_, index) => `2.25.${index}`);

test('vectors: anybody who has the key computes the same', async () => {
  const vectors: readonly [string, number][] = [
    ['1.2.3', 74],
    ['2.25.1', 32],
    ['', 11],
  ];
  for (const [uid, place] of vectors) assert.equal(await placeOf(KEY, uid), place, uid);
});

test('it is the whole number modulo 100', async () => {
  for (const uid of UIDS.slice(0, 50)) {
    const mac = BigInt(`0x${createHmac('sha256', KEY).update(uid).digest('hex')}`);
    assert.equal(await placeOf(KEY, uid), Number(mac % 100n));
  }
});

test('a larger share has every study of a smaller one, and about as many as it says', async () => {
  const places = await Promise.all(UIDS.map((uid) => placeOf(KEY, uid)));
  const share = places.filter((place) => place < 10).length / UIDS.length;
  assert.ok(Math.abs(share - 0.1) < 0.03, String(share));
  for (const uid of UIDS.slice(0, 200)) {
    if (await isAssigned(KEY, uid, 10)) assert.ok(await isAssigned(KEY, uid, 25));
    assert.equal(await isAssigned(KEY, uid, 0), false);
    assert.ok(await isAssigned(KEY, uid, 100));
  }
});
