import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { type CommandSet, decodeCommand, encodeCommand } from './command.ts';

const us = fc.nat({ max: 0xffff });
const uid = fc.stringMatching(/^[0-9]([0-9.]{0,62}[0-9])?$/);
const aet = fc.stringMatching(/^[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?$/);
const tags = fc.array(fc.nat({ max: 0xffffffff }), { minLength: 1, maxLength: 5 });

const anyCommand: fc.Arbitrary<CommandSet> = fc.record(
  {
    affectedSopClassUid: uid,
    requestedSopClassUid: uid,
    commandField: us,
    messageId: us,
    messageIdBeingRespondedTo: us,
    moveDestination: aet,
    priority: us,
    dataSetType: us,
    status: us,
    offendingElement: tags,
    errorComment: aet,
    errorId: us,
    affectedSopInstanceUid: uid,
    requestedSopInstanceUid: uid,
    eventTypeId: us,
    attributeIdentifierList: tags,
    actionTypeId: us,
    numberOfRemainingSubOperations: us,
    numberOfCompletedSubOperations: us,
    numberOfFailedSubOperations: us,
    numberOfWarningSubOperations: us,
    moveOriginatorAet: aet,
    moveOriginatorMessageId: us,
  },
  { requiredKeys: ['commandField', 'dataSetType'], noNullPrototype: true },
);

test('command sets come back as they were written', () =>
  fc.assert(
    fc.property(anyCommand, (command) => {
      const encoded = encodeCommand(command);
      assert.equal(encoded.length % 2, 0);
      assert.deepEqual(decodeCommand(encoded), command);
      // Group length (0000,0000) counts what follows it, and may be missing.
      assert.equal(new DataView(encoded.buffer).getUint32(8, true), encoded.length - 12);
      assert.deepEqual(decodeCommand(encoded.subarray(12)), command);
    }),
  ));

test('any bytes decode or fail as dimse/bad-command', () =>
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc.tuple(anyCommand, fc.nat(), fc.nat({ max: 255 })).map(([command, at, value]) => {
          const encoded = encodeCommand(command);
          encoded[at % encoded.length] = value;
          return encoded;
        }),
      ),
      (bytes) => {
        try {
          decodeCommand(bytes);
        } catch (thrown) {
          assert.ok(thrown instanceof Failure && thrown.code === 'dimse/bad-command', String(thrown));
        }
      },
    ),
    { numRuns: 2_000 },
  ));
