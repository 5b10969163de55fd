import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, viewOf } from '@acervo/kernel/bytes.ts';
import { centralDirectory, dataDescriptor, localHeader, type PlacedEntry, streamedHeader } from './zip.ts';

const GIB = 2 ** 30;
const entry = (over: Partial<PlacedEntry> = {}): PlacedEntry => ({ name: 'A/B', bytes: 5, crc32: 7, at: 0, ...over });
const EOCD_BYTES = 22;

test('a small archive has no field of ZIP64', () => {
  const header = localHeader(entry());
  assert.equal(header.length, 30 + 3);
  const directory = centralDirectory([entry()], header.length + 5);
  assert.equal(directory.length, 46 + 3 + EOCD_BYTES);
  assert.equal(viewOf(directory).getUint32(directory.length - 6, true), header.length + 5);
});

test('sizes and offsets beyond 4 GiB stand in the fields of ZIP64', () => {
  const large = entry({ bytes: 5 * GIB, at: 6 * GIB });
  const header = localHeader(large);
  const view = viewOf(header);
  assert.deepEqual([view.getUint32(18, true), view.getUint32(22, true)], [0xffffffff, 0xffffffff]);
  assert.deepEqual([view.getUint16(33, true), view.getUint16(35, true)], [1, 16]);
  assert.equal(view.getBigUint64(37, true), BigInt(5 * GIB));
  const central = viewOf(centralDirectory([large], 11 * GIB + header.length));
  assert.equal(central.getUint32(42, true), 0xffffffff);
  assert.equal(central.getBigUint64(46 + 3 + 4 + 16, true), BigInt(6 * GIB));
  assert.equal(central.getUint32(46 + 3 + 28, true), 0x06064b50);
});

test('so do more than 65534 entries', () => {
  const many = Array.from({ length: 65_535 }, (_, at) => entry({ at }));
  const directory = centralDirectory(many, 100);
  const view = viewOf(directory);
  assert.equal(view.getUint16(directory.length - EOCD_BYTES + 8, true), 0xffff);
  const end64 = directory.length - EOCD_BYTES - 20 - 56;
  assert.equal(view.getUint32(end64, true), 0x06064b50);
  assert.equal(view.getBigUint64(end64 + 24, true), 65_535n);
  assert.equal(concat([directory]).length, directory.length);
});

test('an entry whose size nobody knew says so, and has it behind its bytes with the sizes of ZIP64', () => {
  const header = viewOf(streamedHeader('A/B'));
  assert.equal(header.getUint16(6, true), 0x0008);
  assert.deepEqual([header.getUint32(14, true), header.getUint32(18, true)], [0, 0xffffffff]);
  const descriptor = viewOf(dataDescriptor(entry()));
  assert.equal(descriptor.getUint32(0, true), 0x08074b50);
  assert.deepEqual([descriptor.getUint32(4, true), descriptor.getBigUint64(8, true)], [7, 5n]);
  const central = viewOf(centralDirectory([entry({ isStreamed: true })], 100));
  assert.deepEqual([central.getUint16(8, true), central.getUint32(20, true)], [0x0008, 5]);
});
