import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import { C_ECHO_RQ, COMMAND_BYTES_MAX, decodeCommand, encodeCommand, NO_DATA_SET, RESPONSE } from './command.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
const failsAs =
  (code: FailureCode) =>
  (thrown: unknown): boolean =>
    thrown instanceof Failure && thrown.code === code;

const ECHO_RSP = `
  0000 0000 04000000 42000000
  0000 0200 12000000 312e322e3834302e31303030382e312e3100
  0000 0001 02000000 3080
  0000 2001 02000000 0700
  0000 0008 02000000 0101
  0000 0009 02000000 0000`;

test('a C-ECHO-RSP has the bytes of PS3.7 9.3.5.2', () => {
  const command = {
    affectedSopClassUid: '1.2.840.10008.1.1',
    commandField: C_ECHO_RQ | RESPONSE,
    messageIdBeingRespondedTo: 7,
    dataSetType: NO_DATA_SET,
    status: 0,
  };
  assert.deepEqual(encodeCommand(command), bytes(ECHO_RSP));
  assert.deepEqual(decodeCommand(bytes(ECHO_RSP)), command);
});

test('a wrong or missing group length, and elements not of the table, do not matter', () => {
  const withoutGroupLength = bytes(ECHO_RSP).subarray(12);
  assert.equal(decodeCommand(withoutGroupLength).messageIdBeingRespondedTo, 7);
  const wrong = '0000 0000 04000000 ffffffff';
  const retired = '0000 0051 02000000 4142';
  const command = bytes(`${wrong} 0000 0001 02000000 0100 ${retired} 0000 0008 02000000 0102`);
  assert.deepEqual(decodeCommand(command), { commandField: 1, dataSetType: 0x0201 });
});

test('an empty element is an absent one', () => {
  const decoded = decodeCommand(
    bytes(`
    0000 0001 02000000 0100 0000 1001 00000000 0000 0008 02000000 0101 0000 0209 00000000`),
  );
  assert.deepEqual(decoded, { commandField: 1, dataSetType: NO_DATA_SET });
});

test('padding of UI, AE and LO is not significant', () => {
  const decoded = decodeCommand(
    bytes(`
    0000 0200 04000000 312e3200 0000 0001 02000000 2100 0000 0006 06000000 204455532020 0000 0008 02000000 0102`),
  );
  assert.equal(decoded.affectedSopClassUid, '1.2');
  assert.equal(decoded.moveDestination, 'DUS');
});

test('a value of nothing but padding costs no more than its length', () => {
  const value = new Uint8Array(60_000).fill(0x20);
  value[value.length - 1] = 0x41;
  const comment = new Uint8Array(8 + value.length);
  comment.set([0, 0, 2, 9]);
  new DataView(comment.buffer).setUint32(4, value.length, true);
  comment.set(value, 8);
  const command = new Uint8Array([...bytes('0000 0001 02000000 0100 0000 0008 02000000 0101'), ...comment]);
  const startedMs = performance.now();
  assert.equal(decodeCommand(command).errorComment, 'A');
  assert.ok(performance.now() - startedMs < 200);
});

test('what is not a command set is dimse/bad-command', () => {
  for (const hex of [
    '', // neither Command Field nor Command Data Set Type
    '0000 0001 02000000 0100',
    '0000 0008 02000000 0101',
    '0000 0001 02000000 01', // cut
    '0000 0001 0200',
    '0000 0001 01000000 01 0000 0008 02000000 0101', // US of one byte
    '0000 0109 02000000 0800 0000 0001 02000000 0100 0000 0008 02000000 0101', // AT of two bytes
    '0800 0500 00000000', // another group
    '0000 0001 ffffffff 0100',
  ])
    assert.throws(() => decodeCommand(bytes(hex)), failsAs('dimse/bad-command'), hex);
  assert.throws(() => decodeCommand(new Uint8Array(COMMAND_BYTES_MAX + 1)), failsAs('dimse/bad-command'));
});
