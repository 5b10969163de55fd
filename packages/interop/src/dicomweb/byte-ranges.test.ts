import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteRange, contentRange, isNotModified, rangeApplies } from './byte-ranges.ts';

const CASES: readonly (readonly [string | undefined, number, ReturnType<typeof byteRange>])[] = [
  [undefined, 10, 'whole'],
  ['bytes=0-4', 10, { first: 0, last: 4 }],
  ['bytes=0-0', 10, { first: 0, last: 0 }],
  ['bytes=5-', 10, { first: 5, last: 9 }],
  ['bytes=5-99', 10, { first: 5, last: 9 }],
  ['bytes=-3', 10, { first: 7, last: 9 }],
  ['bytes=-30', 10, { first: 0, last: 9 }],
  ['Bytes = 1 - 2', 10, { first: 1, last: 2 }],
  ['bytes=10-', 10, 'unsatisfiable'],
  ['bytes=0-', 0, 'unsatisfiable'],
  ['bytes=-0', 10, 'unsatisfiable'],
  ['bytes=-5', 0, 'unsatisfiable'],
  ['bytes=4-2', 10, 'whole'],
  ['bytes=-', 10, 'whole'],
  ['bytes=', 10, 'whole'],
  ['bytes=0-1,3-4', 10, 'whole'],
  ['frames=1-2', 10, 'whole'],
  ['bytes=a-b', 10, 'whole'],
  ['bytes=1-9999999999999999', 10, 'whole'],
  ['bytes=4294967296-4294967300', 8_589_934_592, { first: 4_294_967_296, last: 4_294_967_300 }],
];

for (const [header, sizeBytes, expected] of CASES) {
  test(`Range: ${header} of ${sizeBytes}`, () => assert.deepEqual(byteRange(header, sizeBytes), expected));
}

test('Content-Range says what is sent, or how much there is', () => {
  assert.equal(contentRange({ first: 0, last: 4 }, 10), 'bytes 0-4/10');
  assert.equal(contentRange('unsatisfiable', 10), 'bytes */10');
});

test('If-Range holds only for exactly this strong tag', () => {
  assert.equal(rangeApplies(undefined, '"a"'), true);
  assert.equal(rangeApplies('"a"', '"a"'), true);
  assert.equal(rangeApplies('"b"', '"a"'), false);
  assert.equal(rangeApplies('W/"a"', 'W/"a"'), false);
  assert.equal(rangeApplies('Wed, 21 Oct 2015 07:28:00 GMT', '"a"'), false);
});

test('If-None-Match compares weakly, in lists', () => {
  assert.equal(isNotModified(undefined, '"a"'), false);
  assert.equal(isNotModified('*', '"a"'), true);
  assert.equal(isNotModified('"b", W/"a"', '"a"'), true);
  assert.equal(isNotModified('"a"', 'W/"a"'), true);
  assert.equal(isNotModified('"a,b"', '"a"'), false);
  assert.equal(isNotModified('a', '"a"'), false);
});
