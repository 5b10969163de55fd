import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { PduReader, type PdvSlice } from '../ul/pdu-reader.ts';
import { DataSetFramer, encodeMessage, fragmentBytesMax, frameDataSet, SEND_PDU_BYTES_MAX } from './pdata.ts';

function pdvs(stream: Uint8Array, maximumLength: number): PdvSlice[] {
  const reader = new PduReader(maximumLength);
  const slices: PdvSlice[] = [];
  reader.push(stream);
  for (let event = reader.next(); event !== undefined; event = reader.next()) {
    assert.ok(event.kind === 'pdv');
    slices.push(event);
  }
  assert.ok(reader.isBetweenPdus);
  return slices;
}

test('a fragment fits the maximum length of the peer, and is even', () => {
  assert.equal(fragmentBytesMax(16_384), 16_378);
  assert.equal(fragmentBytesMax(16_385), 16_378);
  assert.equal(fragmentBytesMax(8), 2);
  assert.equal(fragmentBytesMax(0), SEND_PDU_BYTES_MAX - 6);
  assert.equal(fragmentBytesMax(0xffffffff), SEND_PDU_BYTES_MAX - 6);
  for (const none of [1, 6, 7]) {
    assert.throws(
      () => fragmentBytesMax(none),
      (thrown) => thrown instanceof Failure && thrown.code === 'ul/bad-pdu',
    );
  }
});

test('a message in one buffer: command PDVs, then data set PDVs, the last of each marked', () => {
  const slices = pdvs(encodeMessage(5, new Uint8Array(10).fill(1), new Uint8Array(3).fill(2), 14), 14);
  assert.deepEqual(
    slices.map(({ contextId, isCommand, isLast, fragment }) => [contextId, isCommand, isLast, fragment.length]),
    [
      [5, true, false, 8],
      [5, true, true, 2],
      [5, false, true, 3],
    ],
  );
  assert.deepEqual(
    pdvs(encodeMessage(1, new Uint8Array(8), undefined, 14), 14).map(({ isLast }) => isLast),
    [true],
  );
});

test('an empty data set is one empty, last fragment', () => {
  const framer = new DataSetFramer(1, 0);
  const slices = pdvs(concat(framer.end()), 0);
  assert.deepEqual(
    slices.map(({ isLast, fragment }) => [isLast, fragment.length]),
    [[true, 0]],
  );
  assert.equal(pdvs(encodeMessage(1, new Uint8Array(2), new Uint8Array(0), 0), 0).length, 2);
});

test('a data set is framed without copying it', () => {
  const chunk = new Uint8Array(100);
  const pieces = new DataSetFramer(1, 46).push(chunk);
  const views = pieces.filter(({ buffer }) => buffer === chunk.buffer);
  assert.deepEqual(
    views.map(({ length }) => length),
    [40, 40, 18],
  );
});

test('any chunks under any maximum length arrive whole, in even fragments, the last one marked', () =>
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 70 }), { maxLength: 12 }),
      fc.integer({ min: 8, max: 130 }),
      (chunks, maximumLength) => {
        const framer = new DataSetFramer(3, maximumLength);
        const sent = chunks.map((chunk) => {
          const lent = chunk.slice();
          const bytes = concat(framer.push(lent));
          lent.fill(0xee); // a chunk is lent until the next push, no longer
          return bytes;
        });
        const slices = pdvs(concat([...sent, ...framer.end()]), maximumLength);
        assert.deepEqual(concat(slices.map(({ fragment }) => fragment)), concat(chunks));
        assert.deepEqual(
          slices.map(({ isLast }) => isLast),
          slices.map((_, index) => index === slices.length - 1),
        );
        for (const { isLast, fragment } of slices) assert.ok(isLast || fragment.length % 2 === 0);
      },
    ),
  ));

test('a whole data set as pieces is what the message in one buffer has of it', () => {
  for (const bytes of [0, 1, 7, 8, 9, 16, 4096, 70_001]) {
    for (const maximumLength of [14, 16_384, 0]) {
      const dataSet = Uint8Array.from({ length: bytes }, (_unused, index) => index);
      const command = new Uint8Array(4);
      const pieces = concat([
        encodeMessage(3, command, undefined, maximumLength),
        ...frameDataSet(3, dataSet, maximumLength),
      ]);
      assert.deepEqual(pieces, encodeMessage(3, command, dataSet, maximumLength));
    }
  }
});
