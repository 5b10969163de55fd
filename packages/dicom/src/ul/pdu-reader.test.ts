import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { CONTROL_PDU_BYTES_MAX, encodePdu } from './pdu.ts';
import { type PduEvent, PduReader } from './pdu-reader.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));

function read(chunks: readonly Uint8Array[], pdataBytesMax = 131_072): PduEvent[] {
  const reader = new PduReader(pdataBytesMax);
  const events: PduEvent[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let event = reader.next(); event !== undefined; event = reader.next()) events.push(event);
  }
  return events;
}

const badPdu = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'ul/bad-pdu';
const rejects = (hex: string, pdataBytesMax?: number): void =>
  assert.throws(() => read([bytes(hex)], pdataBytesMax), badPdu);

test('several PDVs in one PDU, the empty one among them', () => {
  const events = read([bytes('0400 00000017 00000005 01 01 aabbcc 00000002 01 03 00000004 03 02 dddd')]);
  assert.deepEqual(events, [
    { kind: 'pdv', contextId: 1, isCommand: true, isLast: false, fragment: bytes('aabbcc'), isFragmentEnd: true },
    { kind: 'pdv', contextId: 1, isCommand: true, isLast: true, fragment: bytes(''), isFragmentEnd: true },
    { kind: 'pdv', contextId: 3, isCommand: false, isLast: true, fragment: bytes('dddd'), isFragmentEnd: true },
  ]);
});

test('a PDV is handed on as it arrives, without a copy', () => {
  const chunk = bytes('0400 0000000a 00000006 01 02 aabb');
  const [first, second] = read([chunk, bytes('ccdd')]);
  assert.ok(first?.kind === 'pdv' && second?.kind === 'pdv');
  assert.equal(first.fragment.buffer, chunk.buffer);
  assert.deepEqual([first.fragment, first.isFragmentEnd], [bytes('aabb'), false]);
  assert.deepEqual([second.fragment, second.isFragmentEnd], [bytes('ccdd'), true]);
});

test('PDV lengths that contradict the PDU are ul/bad-pdu', () => {
  rejects('0400 00000000'); // a PDU of no PDV
  rejects('0400 00000003 000000');
  rejects('0400 00000006 00000001 01 03'); // a PDV shorter than its own header
  rejects('0400 00000006 00000003 01 03 00'); // longer than the PDU
  rejects('0400 0000000a 00000003 01 03 00 000000'); // three bytes too many for nothing, too few for a PDV
  rejects('0400 00000006 ffffffff 01 03');
});

test('limits are checked before anything is buffered', () => {
  rejects('0400 00004001', 0x4000);
  assert.deepEqual(read([bytes('0400 00004000')], 0x4000), []);
  assert.deepEqual(read([bytes('0400 ffffffff')], 0), []); // 0: we set no limit
  const length = (CONTROL_PDU_BYTES_MAX + 1).toString(16).padStart(8, '0');
  rejects(`0100 ${length}`);
});

test('a PDU of unknown type is passed over, however long', () => {
  const after = encodePdu({ kind: 'release-rq' });
  const events = read([bytes('0900 00000005 0102'), bytes('030405'), after]);
  assert.deepEqual(events, [{ kind: 'unrecognized', type: 9 }, { kind: 'release-rq' }]);
});

test('isBetweenPdus tells a stream that was cut', () => {
  const pdu = encodePdu({ kind: 'abort', source: 0, reason: 0 });
  for (let cut = 0; cut <= pdu.length; cut++) {
    const reader = new PduReader(0);
    reader.push(pdu.subarray(0, cut));
    while (reader.next() !== undefined);
    assert.equal(reader.isBetweenPdus, cut === 0 || cut === pdu.length, `cut at ${cut}`);
  }
});

test('two PDUs that share a chunk, and one in single bytes, are the same', () => {
  const stream = concat([encodePdu({ kind: 'release-rq' }), encodePdu({ kind: 'abort', source: 2, reason: 1 })]);
  const whole = read([stream]);
  assert.equal(whole.length, 2);
  assert.deepEqual(read([...stream].map((byte) => new Uint8Array([byte]))), whole);
});
