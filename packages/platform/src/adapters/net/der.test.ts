import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1Bytes } from '@acervo/kernel/bytes.ts';
import { type Der, derOf, oidOf, TAG, timeOf } from './der.ts';

const encoded = (tag: number, content: Uint8Array): Der =>
  derOf(Uint8Array.of(tag, content.length, ...content))[0] as Der;
const oid = (...bytes: number[]): string => oidOf(encoded(TAG.oid, Uint8Array.from(bytes)));
const time = (tag: number, text: string): string => new Date(timeOf(encoded(tag, latin1Bytes(text)))).toISOString();

test('elements in short and long form, one behind the other', () => {
  const long = Uint8Array.of(0x30, 0x81, 0x80, ...new Uint8Array(0x80));
  const found = derOf(Uint8Array.of(0x02, 1, 5, ...long));
  assert.deepEqual(
    found.map(({ tag, content, whole }) => [tag, content.length, whole.length]),
    [
      [0x02, 1, 3],
      [0x30, 0x80, 0x83],
    ],
  );
});

test('bytes that are cut, or of no definite length, are no DER', () => {
  for (const bytes of [[0x30], [0x30, 2, 1], [0x30, 0x81], [0x30, 0x80, 0, 0], [0x30, 0x85, 0, 0, 0, 0, 1]]) {
    assert.throws(() => derOf(Uint8Array.from(bytes)), RangeError, String(bytes));
  }
});

test('times and object identifiers of RFC 5280', () => {
  assert.equal(time(TAG.utcTime, '491231235959Z'), '2049-12-31T23:59:59.000Z');
  assert.equal(time(TAG.utcTime, '500101000000Z'), '1950-01-01T00:00:00.000Z');
  assert.equal(time(TAG.generalizedTime, '20500101000000Z'), '2050-01-01T00:00:00.000Z');
  assert.throws(() => time(TAG.utcTime, '500101000000+0100'), RangeError);
  assert.equal(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b), '1.2.840.113549.1.1.11');
  assert.equal(oid(0x55, 0x1d, 0x1c), '2.5.29.28');
});
