import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import fc from 'fast-check';
import { encodeMessage } from '../dimse/pdata.ts';
import { type ControlPdu, encodePdu } from './pdu.ts';
import { type PduEvent, PduReader } from './pdu-reader.ts';
import type { UserInformation } from './user-information.ts';

const byte = fc.nat({ max: 255 });
const uint16 = fc.nat({ max: 0xffff });
const anyUid = fc.stringMatching(/^[0-9]([0-9.]{0,40}[0-9])?$/);
const anyAet = fc.stringMatching(/^[A-Z0-9_]([A-Z0-9_ ]{0,14}[A-Z0-9_])?$/);
const plain = { noNullPrototype: true } as const;
const anyBytes = fc.uint8Array({ maxLength: 40 });

const anyUserInformation: fc.Arbitrary<UserInformation> = fc.record(
  {
    maximumLength: fc.nat({ max: 0xffffffff }),
    implementationClassUid: anyUid,
    implementationVersionName: anyAet,
    asynchronousOperations: fc.record({ invoked: uint16, performed: uint16 }, plain),
    roleSelections: fc.array(fc.record({ sopClassUid: anyUid, scu: fc.boolean(), scp: fc.boolean() }, plain), {
      maxLength: 4,
    }),
    extendedNegotiations: fc.array(
      fc.record({ sopClassUid: anyUid, serviceClassApplicationInformation: anyBytes }, plain),
      { maxLength: 3 },
    ),
    commonExtendedNegotiations: fc.array(
      fc.record(
        {
          version: byte,
          sopClassUid: anyUid,
          serviceClassUid: anyUid,
          relatedGeneralSopClassUids: fc.array(anyUid, { maxLength: 3 }),
        },
        plain,
      ),
      { maxLength: 3 },
    ),
    userIdentity: fc.record(
      {
        type: byte,
        positiveResponseRequested: fc.boolean(),
        primaryField: anyBytes,
        secondaryField: anyBytes,
      },
      plain,
    ),
    userIdentityResponse: anyBytes,
    unknownItems: fc.constant(0),
  },
  {
    requiredKeys: [
      'maximumLength',
      'roleSelections',
      'extendedNegotiations',
      'commonExtendedNegotiations',
      'unknownItems',
    ],
    ...plain,
  },
);

const header = {
  protocolVersion: uint16,
  calledAet: anyAet,
  callingAet: anyAet,
  applicationContext: anyUid,
  userInformation: anyUserInformation,
  unknownItems: fc.constant(0),
};

const anyControlPdu: fc.Arbitrary<ControlPdu> = fc.oneof(
  fc.record(
    {
      kind: fc.constant('associate-rq' as const),
      ...header,
      presentationContexts: fc.array(
        fc.record(
          {
            id: byte,
            abstractSyntax: anyUid,
            transferSyntaxes: fc.array(anyUid, { maxLength: 4 }),
          },
          plain,
        ),
        { maxLength: 5 },
      ),
    },
    plain,
  ),
  fc.record(
    {
      kind: fc.constant('associate-ac' as const),
      ...header,
      presentationContexts: fc.array(fc.record({ id: byte, result: byte, transferSyntax: anyUid }, plain), {
        maxLength: 5,
      }),
    },
    plain,
  ),
  fc.record({ kind: fc.constant('associate-rj' as const), result: byte, source: byte, reason: byte }, plain),
  fc.record({ kind: fc.constant('abort' as const), source: byte, reason: byte }, plain),
  fc.constant({ kind: 'release-rq' as const }),
  fc.constant({ kind: 'release-rp' as const }),
);

type Sent = ControlPdu | { kind: 'message'; contextId: number; command: Uint8Array; dataSet: Uint8Array };

const anySent: fc.Arbitrary<Sent> = fc.oneof(
  anyControlPdu,
  fc.record(
    {
      kind: fc.constant('message' as const),
      contextId: byte,
      command: anyBytes,
      dataSet: fc.uint8Array({ maxLength: 300 }),
    },
    plain,
  ),
);
const anyMaximumLength = fc.oneof(fc.constant(0), fc.integer({ min: 8, max: 200 }));

const encode = (sent: Sent, maximumLength: number): Uint8Array =>
  sent.kind === 'message' ? encodeMessage(sent.contextId, sent.command, sent.dataSet, maximumLength) : encodePdu(sent);

/** Cut a stream at the given steps, over and over. */
function* chunks(stream: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, index = 0; at < stream.length; index++) {
    const step = cuts[index % cuts.length] ?? stream.length;
    yield stream.slice(at, at + step);
    at += step;
  }
}
const anyCuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });

function* read(stream: Uint8Array, cuts: readonly number[], pdataBytesMax: number): Generator<PduEvent> {
  const reader = new PduReader(pdataBytesMax);
  for (const chunk of chunks(stream, cuts)) {
    reader.push(chunk);
    for (let event = reader.next(); event !== undefined; event = reader.next()) yield event;
    // The promise about views: nothing read so far may depend on a chunk that is gone.
    chunk.fill(0xee);
  }
}

/** Put the slices of messages together again, copying each while it is valid. */
function assemble(events: Iterable<PduEvent>): Sent[] {
  const sent: Sent[] = [];
  let command: Uint8Array[] = [];
  let dataSet: Uint8Array[] = [];
  for (const event of events) {
    if (event.kind === 'unrecognized') assert.fail('unrecognized');
    if (event.kind !== 'pdv') {
      sent.push(structuredClone(event));
      continue;
    }
    (event.isCommand ? command : dataSet).push(event.fragment.slice());
    if (event.isCommand || !event.isLast || !event.isFragmentEnd) continue;
    sent.push({ kind: 'message', contextId: event.contextId, command: concat(command), dataSet: concat(dataSet) });
    command = [];
    dataSet = [];
  }
  return sent;
}

test('PDUs survive any chunking of the stream and any maximum length', () =>
  fc.assert(
    fc.property(fc.array(anySent, { maxLength: 6 }), anyCuts, anyMaximumLength, (sent, cuts, maximumLength) => {
      const stream = concat(sent.map((each) => encode(each, maximumLength)));
      assert.deepEqual(assemble(read(stream, cuts, maximumLength)), sent);
    }),
    { numRuns: 500 },
  ));

const noise = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  // Valid PDUs with some bytes changed get deeper than noise does.
  fc.tuple(anySent, fc.array(fc.tuple(fc.nat({ max: 200 }), byte), { maxLength: 4 })).map(([sent, changes]) => {
    const stream = encode(sent, 64);
    for (const [at, value] of changes) if (at < stream.length) stream[at] = value;
    return stream;
  }),
);

test('any bytes parse or fail as ul/bad-pdu: never hang, never another error', () =>
  fc.assert(
    fc.property(noise, anyCuts, (stream, cuts) => {
      try {
        let fragmentBytes = 0;
        for (const event of read(stream, cuts, 1024)) if (event.kind === 'pdv') fragmentBytes += event.fragment.length;
        assert.ok(fragmentBytes <= stream.length);
      } catch (thrown) {
        assert.ok(thrown instanceof Failure && thrown.code === 'ul/bad-pdu', String(thrown));
      }
    }),
    { numRuns: 2_000 },
  ));
