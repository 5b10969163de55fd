import { concat, latin1Bytes } from '@acervo/kernel/bytes.ts';
import { counted, countedText, Fields, type Item, item, readItems, textOf, u16, u32 } from './fields.ts';

/** SCP/SCU Role Selection (PS3.7 D.3.3.4): the roles proposed for the requestor, or accepted for it. */
export type RoleSelection = { sopClassUid: string; scu: boolean; scp: boolean };

/** SOP Class Extended Negotiation (PS3.7 D.3.3.5). */
export type ExtendedNegotiation = { sopClassUid: string; serviceClassApplicationInformation: Uint8Array };

/** SOP Class Common Extended Negotiation (PS3.7 D.3.3.6). */
export type CommonExtendedNegotiation = {
  version: number;
  sopClassUid: string;
  serviceClassUid: string;
  relatedGeneralSopClassUids: readonly string[];
};

/**
 * User Identity of the requestor (PS3.7 D.3.3.7). Type 1: user name; 2: with passcode in the secondary
 * field; 3: Kerberos; 4: SAML; 5: JSON Web Token. The fields are secrets: never logged.
 */
export type UserIdentity = {
  type: number;
  positiveResponseRequested: boolean;
  primaryField: Uint8Array;
  secondaryField: Uint8Array;
};

/** The User Information item (PS3.8 9.3.2.3, PS3.7 D.3.3) of an A-ASSOCIATE-RQ or -AC. */
export type UserInformation = {
  /** Longest variable field of a P-DATA-TF PDU that the sender of this item takes, in bytes; 0: no limit. */
  maximumLength: number;
  implementationClassUid?: string;
  implementationVersionName?: string;
  /** Asynchronous Operations Window; 0 is unlimited. Absent: one operation at a time. */
  asynchronousOperations?: { invoked: number; performed: number };
  roleSelections: readonly RoleSelection[];
  extendedNegotiations: readonly ExtendedNegotiation[];
  commonExtendedNegotiations: readonly CommonExtendedNegotiation[];
  userIdentity?: UserIdentity;
  /** Server response to a User Identity, in an A-ASSOCIATE-AC (59H). */
  userIdentityResponse?: Uint8Array;
  /** How many sub-items were of no known type; PS3.8 9.3.1 has them ignored. */
  unknownItems: number;
};

const MAXIMUM_LENGTH = 0x51;
const IMPLEMENTATION_CLASS = 0x52;
const ASYNCHRONOUS_OPERATIONS = 0x53;
const ROLE_SELECTION = 0x54;
const IMPLEMENTATION_VERSION = 0x55;
const EXTENDED_NEGOTIATION = 0x56;
const COMMON_EXTENDED_NEGOTIATION = 0x57;
const USER_IDENTITY = 0x58;
const USER_IDENTITY_RESPONSE = 0x59;

/** @returns the value of the item 50H, its own header excluded. */
export function encodeUserInformation(info: UserInformation): Uint8Array {
  const parts = [item(MAXIMUM_LENGTH, u32(info.maximumLength))];
  if (info.implementationClassUid !== undefined) {
    parts.push(item(IMPLEMENTATION_CLASS, latin1Bytes(info.implementationClassUid)));
  }
  if (info.asynchronousOperations !== undefined) {
    const { invoked, performed } = info.asynchronousOperations;
    parts.push(item(ASYNCHRONOUS_OPERATIONS, u16(invoked), u16(performed)));
  }
  for (const { sopClassUid, scu, scp } of info.roleSelections) {
    parts.push(item(ROLE_SELECTION, countedText(sopClassUid), new Uint8Array([scu ? 1 : 0, scp ? 1 : 0])));
  }
  if (info.implementationVersionName !== undefined) {
    parts.push(item(IMPLEMENTATION_VERSION, latin1Bytes(info.implementationVersionName)));
  }
  for (const { sopClassUid, serviceClassApplicationInformation } of info.extendedNegotiations) {
    parts.push(item(EXTENDED_NEGOTIATION, countedText(sopClassUid), serviceClassApplicationInformation));
  }
  for (const each of info.commonExtendedNegotiations) parts.push(encodeCommonExtended(each));
  if (info.userIdentity !== undefined) parts.push(encodeUserIdentity(info.userIdentity));
  if (info.userIdentityResponse !== undefined) {
    parts.push(item(USER_IDENTITY_RESPONSE, counted(info.userIdentityResponse)));
  }
  return concat(parts);
}

function encodeCommonExtended(each: CommonExtendedNegotiation): Uint8Array {
  const related = concat(each.relatedGeneralSopClassUids.map(countedText));
  const parts = [countedText(each.sopClassUid), countedText(each.serviceClassUid), counted(related)];
  const out = item(COMMON_EXTENDED_NEGOTIATION, ...parts);
  out[1] = each.version;
  return out;
}

function encodeUserIdentity(identity: UserIdentity): Uint8Array {
  const flags = new Uint8Array([identity.type, identity.positiveResponseRequested ? 1 : 0]);
  return item(USER_IDENTITY, flags, counted(identity.primaryField), counted(identity.secondaryField));
}

type Draft = UserInformation & {
  roleSelections: RoleSelection[];
  extendedNegotiations: ExtendedNegotiation[];
  commonExtendedNegotiations: CommonExtendedNegotiation[];
};

/** What an association has when its User Information says nothing. */
const nothingSaid = (): Draft => ({
  maximumLength: 0,
  roleSelections: [],
  extendedNegotiations: [],
  commonExtendedNegotiations: [],
  unknownItems: 0,
});

/**
 * @param value the value of the item 50H; what is returned holds views of it.
 * @throws {Failure} ul/bad-pdu
 */
export function decodeUserInformation(value: Uint8Array): UserInformation {
  const draft = nothingSaid();
  for (const each of readItems(value)) decodeSubItem(each, draft);
  return draft;
}

function decodeSubItem({ type, version, value }: Item, draft: Draft): void {
  const fields = new Fields(value);
  switch (type) {
    case MAXIMUM_LENGTH:
      draft.maximumLength = fields.u32();
      break;
    case IMPLEMENTATION_CLASS:
      draft.implementationClassUid = textOf(value);
      break;
    case ASYNCHRONOUS_OPERATIONS:
      draft.asynchronousOperations = { invoked: fields.u16(), performed: fields.u16() };
      break;
    case ROLE_SELECTION:
      draft.roleSelections.push({
        sopClassUid: countedTextOf(fields),
        scu: fields.u8() === 1,
        scp: fields.u8() === 1,
      });
      break;
    case IMPLEMENTATION_VERSION:
      draft.implementationVersionName = textOf(value);
      break;
    case EXTENDED_NEGOTIATION:
      draft.extendedNegotiations.push({
        sopClassUid: countedTextOf(fields),
        serviceClassApplicationInformation: fields.rest(),
      });
      break;
    case COMMON_EXTENDED_NEGOTIATION:
      draft.commonExtendedNegotiations.push(decodeCommonExtended(version, fields));
      break;
    case USER_IDENTITY:
      draft.userIdentity = decodeUserIdentity(fields);
      break;
    case USER_IDENTITY_RESPONSE:
      draft.userIdentityResponse = fields.take(fields.u16());
      break;
    default:
      draft.unknownItems += 1;
  }
}

const countedTextOf = (fields: Fields): string => textOf(fields.take(fields.u16()));

function decodeCommonExtended(version: number, fields: Fields): CommonExtendedNegotiation {
  const sopClassUid = countedTextOf(fields);
  const serviceClassUid = countedTextOf(fields);
  const relatedGeneralSopClassUids: string[] = [];
  const related = new Fields(fields.take(fields.u16()));
  while (related.left > 0) relatedGeneralSopClassUids.push(countedTextOf(related));
  return { version, sopClassUid, serviceClassUid, relatedGeneralSopClassUids };
}

function decodeUserIdentity(fields: Fields): UserIdentity {
  const type = fields.u8();
  const positiveResponseRequested = fields.u8() === 1;
  const primaryField = fields.take(fields.u16());
  return { type, positiveResponseRequested, primaryField, secondaryField: fields.take(fields.u16()) };
}
