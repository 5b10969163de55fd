import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { IMPLICIT_LE } from '../transfer-syntax.ts';
import { item } from './fields.ts';
import {
  APPLICATION_CONTEXT,
  type AssociateRq,
  type ControlPdu,
  decodePdu,
  encodePdu,
  PDU_HEADER_BYTES,
  REJECT,
} from './pdu.ts';
import { decodeUserInformation, type UserInformation } from './user-information.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'));
const decode = (pdu: Uint8Array): ControlPdu => decodePdu(pdu[0] ?? 0, pdu.subarray(PDU_HEADER_BYTES));
const badPdu = (thrown: unknown): boolean => thrown instanceof Failure && thrown.code === 'ul/bad-pdu';

const NOTHING: UserInformation = {
  maximumLength: 0,
  roleSelections: [],
  extendedNegotiations: [],
  commonExtendedNegotiations: [],
  unknownItems: 0,
};

const EVERYTHING: UserInformation = {
  maximumLength: 16384,
  implementationClassUid: '1.2.3',
  implementationVersionName: 'PEER_1',
  asynchronousOperations: { invoked: 3, performed: 0 },
  roleSelections: [{ sopClassUid: '1.2.840.10008.5.1.4.1.1.2', scu: true, scp: false }],
  extendedNegotiations: [{ sopClassUid: '1.2.4', serviceClassApplicationInformation: bytes('01 00 01') }],
  commonExtendedNegotiations: [
    {
      version: 0,
      sopClassUid: '1.2.5',
      serviceClassUid: '1.2.840.10008.4.2',
      relatedGeneralSopClassUids: ['1.2.6', '1.2.7'],
    },
  ],
  userIdentity: {
    type: 2,
    positiveResponseRequested: true,
    primaryField: latin1Bytes('user'),
    secondaryField: latin1Bytes('secret'),
  },
  userIdentityResponse: bytes('00'),
  unknownItems: 0,
};

const REQUEST: AssociateRq = {
  kind: 'associate-rq',
  protocolVersion: 1,
  calledAet: 'ACERVO',
  callingAet: 'SCANNER',
  unknownItems: 0,
  applicationContext: APPLICATION_CONTEXT,
  presentationContexts: [
    { id: 1, abstractSyntax: '1.2.840.10008.1.1', transferSyntaxes: [IMPLICIT_LE, '1.2.840.10008.1.2.1'] },
  ],
  userInformation: EVERYTHING,
};

test('the short PDUs have the bytes of PS3.8 9.3.4 to 9.3.8', () => {
  const reject: ControlPdu = { kind: 'associate-rj', ...REJECT.calledAetNotRecognized };
  assert.deepEqual(encodePdu(reject), bytes('0300 00000004 00010107'));
  assert.deepEqual(encodePdu({ kind: 'release-rq' }), bytes('0500 00000004 00000000'));
  assert.deepEqual(encodePdu({ kind: 'release-rp' }), bytes('0600 00000004 00000000'));
  assert.deepEqual(encodePdu({ kind: 'abort', source: 2, reason: 6 }), bytes('0700 00000004 00000206'));
});

test('an A-ASSOCIATE-RQ has the bytes of PS3.8 9.3.2', () => {
  const context = { id: 1, abstractSyntax: '1.2', transferSyntaxes: ['1.2.840.10008.1.2'] };
  const userInformation = { ...NOTHING, maximumLength: 131072 };
  const encoded = encodePdu({ ...REQUEST, presentationContexts: [context], userInformation });
  const expected = concat([
    bytes('0100 00000098 0001 0000'),
    latin1Bytes('ACERVO          SCANNER         '),
    new Uint8Array(32),
    bytes('1000 0015'),
    latin1Bytes(APPLICATION_CONTEXT),
    bytes('2000 0020 01000000 3000 0003'),
    latin1Bytes('1.2'),
    bytes('4000 0011'),
    latin1Bytes(IMPLICIT_LE),
    bytes('5000 0008 5100 0004 00020000'),
  ]);
  expected[5] = expected.length - PDU_HEADER_BYTES;
  assert.deepEqual(encoded, expected);
});

test('every PDU and every user information item comes back as it was written', () => {
  const pdus: ControlPdu[] = [
    REQUEST,
    { ...REQUEST, kind: 'associate-ac', presentationContexts: [{ id: 1, result: 0, transferSyntax: IMPLICIT_LE }] },
    { kind: 'associate-rj', ...REJECT.localLimitExceeded },
    { kind: 'release-rq' },
    { kind: 'release-rp' },
    { kind: 'abort', source: 0, reason: 0 },
  ];
  for (const pdu of pdus) assert.deepEqual(decode(encodePdu(pdu)), pdu);
});

test('items of unknown type are passed over and counted', () => {
  const known = encodePdu(REQUEST);
  const pdu = decodePdu(1, concat([known.subarray(PDU_HEADER_BYTES), item(0x7f, bytes('0102'))]));
  assert.deepEqual(pdu, { ...REQUEST, unknownItems: 1 });
  assert.equal(decodeUserInformation(concat([item(0x5f, bytes('01')), item(0x60)])).unknownItems, 2);
});

test('padding of UIDs and AE titles is not significant', () => {
  const encoded = encodePdu({ ...REQUEST, callingAet: ' SCANNER', userInformation: NOTHING });
  const padded = encodePdu({
    ...REQUEST,
    applicationContext: `${APPLICATION_CONTEXT}\0`,
    userInformation: { ...NOTHING, implementationClassUid: '1.2.3\0' },
  });
  const first = decode(encoded);
  const second = decode(padded);
  assert.ok(first.kind === 'associate-rq' && second.kind === 'associate-rq');
  assert.equal(first.callingAet, 'SCANNER');
  assert.equal(second.applicationContext, APPLICATION_CONTEXT);
  assert.equal(second.userInformation.implementationClassUid, '1.2.3');
});

test('without a User Information item no limit is set', () => {
  const encoded = encodePdu({ ...REQUEST, userInformation: NOTHING });
  const pdu = decodePdu(1, encoded.subarray(PDU_HEADER_BYTES, encoded.length - 12));
  assert.ok(pdu.kind === 'associate-rq');
  assert.deepEqual(pdu.userInformation, NOTHING);
});

test('fields and items that end too early are ul/bad-pdu', () => {
  const encoded = encodePdu(REQUEST);
  assert.throws(() => decodePdu(1, encoded.subarray(PDU_HEADER_BYTES, 40)), badPdu);
  assert.throws(() => decodePdu(1, encoded.subarray(PDU_HEADER_BYTES, encoded.length - 3)), badPdu);
  assert.throws(() => decodePdu(7, bytes('0000')), badPdu);
  assert.throws(() => decodePdu(9, bytes('00000000')), badPdu);
  assert.throws(() => decodeUserInformation(bytes('5100 0002 0001')), badPdu);
  assert.throws(() => decodeUserInformation(bytes('5800 0004 0101 00ff')), badPdu);
});

test('what does not fit its field is a mistake of the caller', () => {
  assert.throws(() => encodePdu({ ...REQUEST, callingAet: 'SEVENTEEN_LETTERS' }), RangeError);
});
