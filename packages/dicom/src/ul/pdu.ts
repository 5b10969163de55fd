import { concat, latin1Bytes, viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { Fields, item, readItems, textOf } from './fields.ts';
import { decodeUserInformation, encodeUserInformation, type UserInformation } from './user-information.ts';

/** PDU types (PS3.8 9.3). */
export const ASSOCIATE_RQ = 0x01;
export const ASSOCIATE_AC = 0x02;
export const ASSOCIATE_RJ = 0x03;
export const P_DATA_TF = 0x04;
export const RELEASE_RQ = 0x05;
export const RELEASE_RP = 0x06;
export const ABORT = 0x07;

/** PDU type, a reserved byte, and the 32-bit length of the variable field. */
export const PDU_HEADER_BYTES = 6;
/** Longest variable field of any PDU but P-DATA-TF that is accepted, in bytes. */
export const CONTROL_PDU_BYTES_MAX = 1 << 20;
/** DICOM Application Context Name (PS3.7 A.2.1). */
export const APPLICATION_CONTEXT = '1.2.840.10008.3.1.1.1';
/** Bit 0 is version 1; a requestor may set further bits (PS3.8 9.3.2). */
export const PROTOCOL_VERSION = 0x0001;

export type PresentationContext = { id: number; abstractSyntax: string; transferSyntaxes: readonly string[] };

/** Result (PS3.8 9.3.3.2) 0 acceptance, 1 user rejection, 2 no reason, 3 abstract, 4 transfer syntaxes. */
export type PresentationContextResult = { id: number; result: number; transferSyntax: string };

type AssociateHeader = {
  protocolVersion: number;
  calledAet: string;
  callingAet: string;
  applicationContext: string;
  userInformation: UserInformation;
  /** How many items of the variable field were of no known type, and ignored. */
  unknownItems: number;
};

export type AssociateRq = AssociateHeader & {
  kind: 'associate-rq';
  presentationContexts: readonly PresentationContext[];
};

export type AssociateAc = AssociateHeader & {
  kind: 'associate-ac';
  presentationContexts: readonly PresentationContextResult[];
};

/** Why an association is refused: Result, Source and Reason/Diag. (PS3.8 9.3.4). */
export type RejectReason = { result: number; source: number; reason: number };
export type AssociateRj = RejectReason & { kind: 'associate-rj' };

/** Source 0 service-user, 2 service-provider; Reason/Diag. says something only for 2 (PS3.8 9.3.8). */
export type AbortReason = { source: number; reason: number };
export type Abort = AbortReason & { kind: 'abort' };

export type ReleaseRq = { kind: 'release-rq' };
export type ReleaseRp = { kind: 'release-rp' };

/** Every PDU but P-DATA-TF, which dimse/pdata.ts writes and PduReader reads in slices. */
export type ControlPdu = AssociateRq | AssociateAc | AssociateRj | ReleaseRq | ReleaseRp | Abort;

/** The refusals that this archive says (PS3.8 table 9-21). */
export const REJECT = {
  applicationContextNotSupported: { result: 1, source: 1, reason: 2 },
  callingAetNotRecognized: { result: 1, source: 1, reason: 3 },
  calledAetNotRecognized: { result: 1, source: 1, reason: 7 },
  protocolVersionNotSupported: { result: 2, source: 2, reason: 2 },
  temporaryCongestion: { result: 2, source: 3, reason: 1 },
  localLimitExceeded: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, RejectReason>;

/** Reasons of an A-ABORT by the service-provider (PS3.8 table 9-26). */
export const ABORT_REASON = {
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unexpectedPduParameter: 5,
  invalidPduParameterValue: 6,
} as const;

const APPLICATION_CONTEXT_ITEM = 0x10;
const PRESENTATION_CONTEXT_ITEM = 0x20;
const PRESENTATION_CONTEXT_RESULT_ITEM = 0x21;
const ABSTRACT_SYNTAX_ITEM = 0x30;
const TRANSFER_SYNTAX_ITEM = 0x40;
const USER_INFORMATION_ITEM = 0x50;
const AET_BYTES = 16;
const RESERVED_BYTES = 32;

/** The bytes of one PDU, header included. @throws {RangeError} when a value does not fit its field. */
export function encodePdu(pdu: ControlPdu): Uint8Array {
  switch (pdu.kind) {
    case 'associate-rq':
      return encodeAssociate(ASSOCIATE_RQ, pdu, pdu.presentationContexts.map(encodeContext));
    case 'associate-ac':
      return encodeAssociate(ASSOCIATE_AC, pdu, pdu.presentationContexts.map(encodeContextResult));
    case 'associate-rj':
      return framed(ASSOCIATE_RJ, new Uint8Array([0, pdu.result, pdu.source, pdu.reason]));
    case 'release-rq':
      return framed(RELEASE_RQ, new Uint8Array(4));
    case 'release-rp':
      return framed(RELEASE_RP, new Uint8Array(4));
    case 'abort':
      return framed(ABORT, new Uint8Array([0, 0, pdu.source, pdu.reason]));
  }
}

function framed(type: number, variableField: Uint8Array): Uint8Array {
  const out = new Uint8Array(PDU_HEADER_BYTES + variableField.length);
  out[0] = type;
  viewOf(out).setUint32(2, variableField.length);
  out.set(variableField, PDU_HEADER_BYTES);
  return out;
}

function encodeAssociate(type: number, pdu: AssociateHeader, contexts: readonly Uint8Array[]): Uint8Array {
  const fixed = new Uint8Array(4 + 2 * AET_BYTES + RESERVED_BYTES);
  viewOf(fixed).setUint16(0, pdu.protocolVersion);
  fixed.set(aetBytes(pdu.calledAet), 4);
  fixed.set(aetBytes(pdu.callingAet), 4 + AET_BYTES);
  const context = item(APPLICATION_CONTEXT_ITEM, latin1Bytes(pdu.applicationContext));
  const user = item(USER_INFORMATION_ITEM, encodeUserInformation(pdu.userInformation));
  return framed(type, concat([fixed, context, ...contexts, user]));
}

function aetBytes(aet: string): Uint8Array {
  if (aet.length > AET_BYTES) throw new RangeError(`AE title of ${aet.length} characters`);
  return latin1Bytes(aet.padEnd(AET_BYTES, ' '));
}

function encodeContext({ id, abstractSyntax, transferSyntaxes }: PresentationContext): Uint8Array {
  const syntaxes = transferSyntaxes.map((uid) => item(TRANSFER_SYNTAX_ITEM, latin1Bytes(uid)));
  const abstract = item(ABSTRACT_SYNTAX_ITEM, latin1Bytes(abstractSyntax));
  return item(PRESENTATION_CONTEXT_ITEM, new Uint8Array([id, 0, 0, 0]), abstract, ...syntaxes);
}

function encodeContextResult({ id, result, transferSyntax }: PresentationContextResult): Uint8Array {
  const syntax = item(TRANSFER_SYNTAX_ITEM, latin1Bytes(transferSyntax));
  return item(PRESENTATION_CONTEXT_RESULT_ITEM, new Uint8Array([id, 0, result, 0]), syntax);
}

/** True for a type that `decodePdu` reads. */
export const isControlPdu = (type: number): boolean => type >= ASSOCIATE_RQ && type <= ABORT && type !== P_DATA_TF;

/**
 * One PDU other than P-DATA-TF.
 * @param variableField the bytes after the header; what is returned may hold views of them.
 * @throws {Failure} ul/bad-pdu
 */
export function decodePdu(type: number, variableField: Uint8Array): ControlPdu {
  switch (type) {
    case ASSOCIATE_RQ:
      return decodeAssociateRq(variableField);
    case ASSOCIATE_AC:
      return decodeAssociateAc(variableField);
    case ASSOCIATE_RJ: {
      const [result, source, reason] = lastThreeOfFour(variableField);
      return { kind: 'associate-rj', result, source, reason };
    }
    case RELEASE_RQ:
      return { kind: 'release-rq' };
    case RELEASE_RP:
      return { kind: 'release-rp' };
    case ABORT: {
      const [, source, reason] = lastThreeOfFour(variableField);
      return { kind: 'abort', source, reason };
    }
    default:
      throw new Failure('ul/bad-pdu', `unrecognized PDU type ${type}`);
  }
}

function lastThreeOfFour(variableField: Uint8Array): [number, number, number] {
  const fields = new Fields(variableField);
  fields.skip(1);
  return [fields.u8(), fields.u8(), fields.u8()];
}

type VariableItems = { applicationContext: string; userInformation: UserInformation; unknownItems: number };

function decodeAssociateRq(variableField: Uint8Array): AssociateRq {
  const presentationContexts: PresentationContext[] = [];
  const header = decodeAssociate(variableField, PRESENTATION_CONTEXT_ITEM, (value) => {
    presentationContexts.push(decodeContext(value));
  });
  return { kind: 'associate-rq', ...header, presentationContexts };
}

function decodeAssociateAc(variableField: Uint8Array): AssociateAc {
  const presentationContexts: PresentationContextResult[] = [];
  const header = decodeAssociate(variableField, PRESENTATION_CONTEXT_RESULT_ITEM, (value) => {
    presentationContexts.push(decodeContextResult(value));
  });
  return { kind: 'associate-ac', ...header, presentationContexts };
}

function decodeAssociate(
  variableField: Uint8Array,
  contextItem: number,
  onContext: (value: Uint8Array) => void,
): AssociateHeader {
  const fields = new Fields(variableField);
  const protocolVersion = fields.u16();
  fields.skip(2);
  const calledAet = textOf(fields.take(AET_BYTES));
  const callingAet = textOf(fields.take(AET_BYTES));
  fields.skip(RESERVED_BYTES);
  return { protocolVersion, calledAet, callingAet, ...decodeVariableItems(fields.rest(), contextItem, onContext) };
}

function decodeVariableItems(
  bytes: Uint8Array,
  contextItem: number,
  onContext: (value: Uint8Array) => void,
): VariableItems {
  let applicationContext = '';
  let userInformation: UserInformation | undefined;
  let unknownItems = 0;
  for (const { type, value } of readItems(bytes)) {
    if (type === APPLICATION_CONTEXT_ITEM) applicationContext = textOf(value);
    else if (type === USER_INFORMATION_ITEM) userInformation = decodeUserInformation(value);
    else if (type === contextItem) onContext(value);
    else unknownItems += 1;
  }
  // DEVIATION: the item is mandatory (PS3.8 9.3.2); without it the peer has set no limits.
  userInformation ??= decodeUserInformation(new Uint8Array(0));
  return { applicationContext, userInformation, unknownItems };
}

function decodeContext(value: Uint8Array): PresentationContext {
  const fields = new Fields(value);
  const id = fields.u8();
  fields.skip(3);
  let abstractSyntax: string | undefined;
  const transferSyntaxes: string[] = [];
  for (const sub of readItems(fields.rest())) {
    if (sub.type === ABSTRACT_SYNTAX_ITEM) abstractSyntax = textOf(sub.value);
    if (sub.type === TRANSFER_SYNTAX_ITEM) transferSyntaxes.push(textOf(sub.value));
  }
  if (abstractSyntax === undefined) throw new Failure('ul/bad-pdu', `context ${id} without abstract syntax`);
  return { id, abstractSyntax, transferSyntaxes };
}

function decodeContextResult(value: Uint8Array): PresentationContextResult {
  const fields = new Fields(value);
  const id = fields.u8();
  fields.skip(1);
  const result = fields.u8();
  fields.skip(1);
  let transferSyntax = '';
  for (const sub of readItems(fields.rest())) {
    if (sub.type === TRANSFER_SYNTAX_ITEM) transferSyntax = textOf(sub.value);
  }
  return { id, result, transferSyntax };
}
