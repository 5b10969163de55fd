import { latin1Bytes, viewOf } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { textOf } from '../ul/fields.ts';

/** Command Field of the requests (PS3.7 E.1); a response is its request with RESPONSE set. */
export const C_STORE_RQ = 0x0001;
export const C_GET_RQ = 0x0010;
export const C_FIND_RQ = 0x0020;
export const C_MOVE_RQ = 0x0021;
export const C_ECHO_RQ = 0x0030;
export const N_EVENT_REPORT_RQ = 0x0100;
export const N_ACTION_RQ = 0x0130;
export const C_CANCEL_RQ = 0x0fff;
export const RESPONSE = 0x8000;

/** Command Data Set Type: no data set follows; any other value says that one does (PS3.7 E.1). */
export const NO_DATA_SET = 0x0101;
export const DATA_SET = 0x0001;

/** Longest command set that is accepted, in bytes. */
export const COMMAND_BYTES_MAX = 64 * 1024;

/** The elements of a command set (PS3.7 E.1); absent ones are undefined. Group length is implied. */
export type CommandSet = {
  affectedSopClassUid?: string;
  requestedSopClassUid?: string;
  commandField: number;
  messageId?: number;
  messageIdBeingRespondedTo?: number;
  moveDestination?: string;
  priority?: number;
  dataSetType: number;
  status?: number;
  /** Tags, as (group << 16 | element) >>> 0. */
  offendingElement?: readonly number[];
  errorComment?: string;
  errorId?: number;
  affectedSopInstanceUid?: string;
  requestedSopInstanceUid?: string;
  eventTypeId?: number;
  /** Tags, as (group << 16 | element) >>> 0. */
  attributeIdentifierList?: readonly number[];
  actionTypeId?: number;
  numberOfRemainingSubOperations?: number;
  numberOfCompletedSubOperations?: number;
  numberOfFailedSubOperations?: number;
  numberOfWarningSubOperations?: number;
  moveOriginatorAet?: string;
  moveOriginatorMessageId?: number;
};

type NamesOf<T> = { [K in keyof CommandSet]-?: Required<CommandSet>[K] extends T ? K : never }[keyof CommandSet];

type Field =
  | { element: number; vr: 'US'; name: NamesOf<number> }
  | { element: number; vr: 'UI' | 'AE' | 'LO'; name: NamesOf<string> }
  | { element: number; vr: 'AT'; name: NamesOf<readonly number[]> };

const COMMAND_FIELD = 0x0100;
const DATA_SET_TYPE = 0x0800;

/** Group 0000 in ascending order, as it must be written (PS3.7 6.3.1). */
const FIELDS: readonly Field[] = [
  { element: 0x0002, vr: 'UI', name: 'affectedSopClassUid' },
  { element: 0x0003, vr: 'UI', name: 'requestedSopClassUid' },
  { element: COMMAND_FIELD, vr: 'US', name: 'commandField' },
  { element: 0x0110, vr: 'US', name: 'messageId' },
  { element: 0x0120, vr: 'US', name: 'messageIdBeingRespondedTo' },
  { element: 0x0600, vr: 'AE', name: 'moveDestination' },
  { element: 0x0700, vr: 'US', name: 'priority' },
  { element: DATA_SET_TYPE, vr: 'US', name: 'dataSetType' },
  { element: 0x0900, vr: 'US', name: 'status' },
  { element: 0x0901, vr: 'AT', name: 'offendingElement' },
  { element: 0x0902, vr: 'LO', name: 'errorComment' },
  { element: 0x0903, vr: 'US', name: 'errorId' },
  { element: 0x1000, vr: 'UI', name: 'affectedSopInstanceUid' },
  { element: 0x1001, vr: 'UI', name: 'requestedSopInstanceUid' },
  { element: 0x1002, vr: 'US', name: 'eventTypeId' },
  { element: 0x1005, vr: 'AT', name: 'attributeIdentifierList' },
  { element: 0x1008, vr: 'US', name: 'actionTypeId' },
  { element: 0x1020, vr: 'US', name: 'numberOfRemainingSubOperations' },
  { element: 0x1021, vr: 'US', name: 'numberOfCompletedSubOperations' },
  { element: 0x1022, vr: 'US', name: 'numberOfFailedSubOperations' },
  { element: 0x1023, vr: 'US', name: 'numberOfWarningSubOperations' },
  { element: 0x1030, vr: 'AE', name: 'moveOriginatorAet' },
  { element: 0x1031, vr: 'US', name: 'moveOriginatorMessageId' },
];
const FIELD_OF = new Map(FIELDS.map((field) => [field.element, field]));

const ELEMENT_HEADER_BYTES = 8;
const GROUP_LENGTH_BYTES = ELEMENT_HEADER_BYTES + 4;

/** A command set in Implicit VR Little Endian with its group length (PS3.7 6.3.1). */
export function encodeCommand(command: CommandSet): Uint8Array {
  const elements = FIELDS.flatMap((field) => {
    const value = valueBytesOf(field, command);
    return value === undefined ? [] : [{ element: field.element, value }];
  });
  const bytes = elements.reduce((sum, { value }) => sum + ELEMENT_HEADER_BYTES + value.length, GROUP_LENGTH_BYTES);
  const out = new Uint8Array(bytes);
  const view = viewOf(out);
  view.setUint32(4, 4, true);
  view.setUint32(ELEMENT_HEADER_BYTES, bytes - GROUP_LENGTH_BYTES, true);
  let at = GROUP_LENGTH_BYTES;
  for (const { element, value } of elements) {
    view.setUint16(at + 2, element, true);
    view.setUint32(at + 4, value.length, true);
    out.set(value, at + ELEMENT_HEADER_BYTES);
    at += ELEMENT_HEADER_BYTES + value.length;
  }
  return out;
}

function valueBytesOf(field: Field, command: CommandSet): Uint8Array | undefined {
  switch (field.vr) {
    case 'US': {
      const value = command[field.name];
      return value === undefined ? undefined : new Uint8Array([value, value >>> 8]);
    }
    case 'AT':
      return command[field.name] && tagBytes(command[field.name] ?? []);
    default: {
      const text = command[field.name];
      return text === undefined ? undefined : textBytes(text, field.vr === 'UI' ? '\0' : ' ');
    }
  }
}

const textBytes = (text: string, pad: string): Uint8Array => latin1Bytes(text.length % 2 === 0 ? text : text + pad);

function tagBytes(tags: readonly number[]): Uint8Array {
  const out = new Uint8Array(4 * tags.length);
  const view = viewOf(out);
  tags.forEach((tag, index) => {
    view.setUint16(4 * index, tag >>> 16, true);
    view.setUint16(4 * index + 2, tag & 0xffff, true);
  });
  return out;
}

/**
 * A command set as received. Elements that are not of PS3.7 E.1 (retired ones, for instance) are passed
 * over, and so is the group length: what counts is where the last fragment ended.
 * @throws {Failure} dimse/bad-command
 */
export function decodeCommand(bytes: Uint8Array): CommandSet {
  if (bytes.length > COMMAND_BYTES_MAX) throw bad(`${bytes.length} bytes`);
  const draft: Partial<CommandSet> = {};
  const view = viewOf(bytes);
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < ELEMENT_HEADER_BYTES) throw bad('ends inside an element');
    const group = view.getUint16(at, true);
    const element = view.getUint16(at + 2, true);
    const end = at + ELEMENT_HEADER_BYTES + view.getUint32(at + 4, true);
    if (group !== 0) throw bad(`group ${group}`);
    if (end > bytes.length) throw bad(`element ${element} ends beyond the command set`);
    const field = FIELD_OF.get(element);
    if (field !== undefined) decodeValue(field, bytes.subarray(at + ELEMENT_HEADER_BYTES, end), draft);
    at = end;
  }
  const { commandField, dataSetType } = draft;
  if (commandField === undefined) throw bad('no Command Field');
  if (dataSetType === undefined) throw bad('no Command Data Set Type');
  return { ...draft, commandField, dataSetType };
}

function decodeValue(field: Field, value: Uint8Array, draft: Partial<CommandSet>): void {
  if (value.length === 0) return;
  switch (field.vr) {
    case 'US':
      if (value.length < 2) throw bad(`element ${field.element} of ${value.length} bytes`);
      draft[field.name] = viewOf(value).getUint16(0, true);
      break;
    case 'AT':
      draft[field.name] = tagsOf(field.element, value);
      break;
    default:
      // Padding is not significant, nor are leading spaces of AE and LO (PS3.5 6.2).
      draft[field.name] = textOf(value);
  }
}

function tagsOf(element: number, value: Uint8Array): number[] {
  if (value.length % 4 !== 0) throw bad(`element ${element} of ${value.length} bytes`);
  const view = viewOf(value);
  const tags: number[] = [];
  for (let at = 0; at < value.length; at += 4) {
    tags.push(((view.getUint16(at, true) << 16) | view.getUint16(at + 2, true)) >>> 0);
  }
  return tags;
}

const bad = (detail: string): Failure => new Failure('dimse/bad-command', detail);
