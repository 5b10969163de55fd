import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '@acervo/kernel/failure.ts';
import { DEFLATED_LE, EXPLICIT_BE, EXPLICIT_LE, IMPLICIT_LE } from '../transfer-syntax.ts';
import { APPLICATION_CONTEXT, type AssociateRq, type PresentationContext } from '../ul/pdu.ts';
import type { RoleSelection } from '../ul/user-information.ts';
import { chooseTransferSyntax, negotiate } from './negotiate.ts';

const CT = '1.2.840.10008.5.1.4.1.1.2';
const MR = '1.2.840.10008.5.1.4.1.1.4';
const PRIVATE = '1.2.3.4.5';
const J2K = '1.2.840.10008.1.2.4.90';
const acceptor = { accepts: (uid: string) => uid === CT || uid === MR };

const request = (presentationContexts: PresentationContext[], roleSelections: RoleSelection[] = []): AssociateRq => ({
  kind: 'associate-rq',
  protocolVersion: 1,
  calledAet: 'A',
  callingAet: 'B',
  unknownItems: 0,
  applicationContext: APPLICATION_CONTEXT,
  presentationContexts,
  userInformation: {
    maximumLength: 0,
    roleSelections,
    extendedNegotiations: [],
    commonExtendedNegotiations: [],
    unknownItems: 0,
  },
});

test('the first transfer syntax of the standard is taken; retired and deflated ones only for want of another', () => {
  assert.equal(chooseTransferSyntax([PRIVATE, J2K, IMPLICIT_LE]), J2K);
  assert.equal(chooseTransferSyntax([EXPLICIT_BE, DEFLATED_LE, EXPLICIT_LE]), EXPLICIT_LE);
  assert.equal(chooseTransferSyntax([PRIVATE, EXPLICIT_BE, DEFLATED_LE]), EXPLICIT_BE);
  assert.equal(chooseTransferSyntax([DEFLATED_LE]), DEFLATED_LE);
  assert.equal(chooseTransferSyntax([PRIVATE]), undefined);
  assert.equal(chooseTransferSyntax([]), undefined);
});

test('each context is answered, in order, with its result', () => {
  const { results, accepted } = negotiate(
    request([
      { id: 1, abstractSyntax: CT, transferSyntaxes: [J2K] },
      { id: 5, abstractSyntax: PRIVATE, transferSyntaxes: [EXPLICIT_LE, IMPLICIT_LE] },
      { id: 3, abstractSyntax: MR, transferSyntaxes: [PRIVATE] },
      { id: 255, abstractSyntax: CT, transferSyntaxes: [] },
    ]),
    acceptor,
  );
  assert.deepEqual(results, [
    { id: 1, result: 0, transferSyntax: J2K },
    { id: 5, result: 3, transferSyntax: EXPLICIT_LE },
    { id: 3, result: 4, transferSyntax: PRIVATE },
    { id: 255, result: 4, transferSyntax: IMPLICIT_LE },
  ]);
  assert.deepEqual([...accepted.values()], [{ id: 1, abstractSyntax: CT, transferSyntax: J2K }]);
});

test('an id that is even, zero or used twice is ul/bad-pdu', () => {
  const context = (id: number): PresentationContext => ({ id, abstractSyntax: CT, transferSyntaxes: [J2K] });
  for (const ids of [[2], [0], [1, 3, 1]]) {
    assert.throws(
      () => negotiate(request(ids.map(context)), acceptor),
      (thrown) => thrown instanceof Failure && thrown.code === 'ul/bad-pdu',
      String(ids),
    );
  }
});

test('the SCU role is granted, the SCP role only where the acceptor lets the requestor be SCP', () => {
  const proposal = request(
    [
      { id: 1, abstractSyntax: CT, transferSyntaxes: [J2K] },
      { id: 3, abstractSyntax: MR, transferSyntaxes: [J2K] },
    ],
    [
      { sopClassUid: CT, scu: true, scp: true },
      { sopClassUid: MR, scu: false, scp: true },
      { sopClassUid: PRIVATE, scu: true, scp: true },
    ],
  );
  assert.deepEqual(negotiate(proposal, acceptor).roleSelections, [
    { sopClassUid: CT, scu: true, scp: false },
    { sopClassUid: MR, scu: false, scp: false },
  ]);
  const generous = { ...acceptor, letsRequestorBeScp: (uid: string) => uid === MR };
  assert.deepEqual(negotiate(proposal, generous).roleSelections, [
    { sopClassUid: CT, scu: true, scp: false },
    { sopClassUid: MR, scu: false, scp: true },
  ]);
});
