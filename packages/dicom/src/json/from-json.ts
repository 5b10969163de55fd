import { Failure } from '@acervo/kernel/failure.ts';
import { dataSetOf, element, evened, sequence } from '../data-set/build.ts';
import type { DataSet, Element, Tag } from '../data-set/model.ts';
import { isGroupLength, parseTag, tagText } from '../tag.ts';
import { T } from '../tags.ts';
import { isVr, VRS, type Vr } from '../vr.ts';
import { base64Bytes } from './base64.ts';
import { refuse } from './refuse.ts';
import { valueBytes } from './value-bytes.ts';

/** Sequences in sequences; real objects stay below 20. */
export const JSON_DEPTH_MAX = 64;
/** Attributes of one data set, those of its items included. */
const JSON_ATTRIBUTES_MAX = 1_000_000;
/** PS3.5 7.1.2: a VR with a 16-bit length field; the value is even. */
const SHORT_VALUE_BYTES_MAX = 0xfffe;
/** 0xFFFFFFFF means undefined length; the value is even. */
const LONG_VALUE_BYTES_MAX = 0xfffffffe;

export type FromJsonOptions = {
  /** The bytes of a BulkDataURI in little endian; undefined when there are none: then the JSON is refused. */
  bulkData?: (uri: string) => Uint8Array | undefined;
};

type Scope = FromJsonOptions & {
  /** Where we are, for the operator: tags and item indexes, never a value. */
  path: string;
  depth: number;
  count: { attributes: number };
};

/**
 * The data set of a parsed DICOM JSON model object (PS3.18 F.2), its values in little endian and UTF-8.
 * (0008,0005) becomes ISO_IR 192 wherever it stands, and at the top also where text needs more than ASCII.
 *
 * Strict: what is not of the model is refused, not skipped, since what is skipped is lost.
 *
 * @throws {Failure} parse/json with the path to the place; parse/limit when nested or many beyond reason.
 */
export function fromDicomJson(json: unknown, options: FromJsonOptions = {}): DataSet {
  const dataSet = readItem(json, { ...options, path: '', depth: 0, count: { attributes: 0 } });
  if (dataSet.elements.has(T.SpecificCharacterSet) || !hasTextBeyondAscii(dataSet)) return dataSet;
  return inTagOrder([...dataSet.elements.values(), element(T.SpecificCharacterSet, 'CS', UTF8_TERM)]);
}

function readItem(json: unknown, scope: Scope): DataSet {
  if (scope.depth > JSON_DEPTH_MAX) throw new Failure('parse/limit', `${scope.path}: deeper than ${JSON_DEPTH_MAX}`);
  const members = Object.entries(objectOf(json, scope.path));
  scope.count.attributes += members.length;
  if (scope.count.attributes > JSON_ATTRIBUTES_MAX) {
    throw new Failure('parse/limit', `more than ${JSON_ATTRIBUTES_MAX} attributes`);
  }
  return inTagOrder(
    members.map(([name, attribute]) => {
      const tag = attributeTag(name, scope.path);
      const path = scope.path === '' ? tagText(tag) : `${scope.path}.${tagText(tag)}`;
      return readAttribute(tag, attribute, { ...scope, path });
    }),
  );
}

function objectOf(json: unknown, path: string): Record<string, unknown> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  return refuse(path, 'not an object');
}

/** F.2.2: eight hexadecimal digits; no Group Length; command, file meta and item tags are no attributes here. */
function attributeTag(name: string, path: string): Tag {
  const tag = parseTag(name);
  if (tag === undefined) return refuse(path, 'an attribute that is not named by its tag');
  const group = tag >>> 16;
  const isForeign = isGroupLength(tag) || group === 0x0000 || group === 0x0002 || group >= 0xfffe;
  return isForeign ? refuse(path, `${tagText(tag)} is not an attribute of the model`) : tag;
}

/** In ascending order (PS3.5 7.1); a tag can come twice, its letters in either case. */
function inTagOrder(elements: Element[]): DataSet {
  elements.sort((a, b) => a.tag - b.tag);
  const dataSet = dataSetOf(elements);
  return dataSet.elements.size === elements.length ? dataSet : refuse('', 'a tag comes twice');
}

const MEMBERS: ReadonlySet<string> = new Set(['vr', 'Value', 'BulkDataURI', 'InlineBinary']);

function readAttribute(tag: Tag, json: unknown, scope: Scope): Element {
  const { path } = scope;
  const attribute = objectOf(json, path);
  const names = Object.keys(attribute);
  if (!names.every((name) => MEMBERS.has(name))) return refuse(path, 'a member that is not of the model');
  if (names.length > 2) return refuse(path, 'more than one of Value, BulkDataURI and InlineBinary');
  const { vr } = attribute;
  if (typeof vr !== 'string' || !isVr(vr)) return refuse(path, 'no VR of the standard');
  if (vr === 'SQ') return readSequence(tag, attribute, scope);
  const value = tag === T.SpecificCharacterSet ? UTF8_TERM : readValue(vr, attribute, scope);
  const bytesMax = VRS[vr].lengthBytes === 2 ? SHORT_VALUE_BYTES_MAX : LONG_VALUE_BYTES_MAX;
  if (value.length > bytesMax) return refuse(path, `${value.length} bytes do not fit into ${vr}`);
  return element(tag, vr, value);
}

function readSequence(tag: Tag, attribute: Record<string, unknown>, scope: Scope): Element {
  if ('BulkDataURI' in attribute || 'InlineBinary' in attribute) return refuse(scope.path, 'a sequence that is binary');
  const items = 'Value' in attribute ? arrayOf(attribute['Value'], scope.path) : [];
  return sequence(
    tag,
    items.map((item, index) => {
      const path = `${scope.path}[${index}]`;
      return readItem(item, { ...scope, path, depth: scope.depth + 1 });
    }),
  );
}

function arrayOf(json: unknown, path: string): unknown[] {
  return Array.isArray(json) ? json : refuse(path, 'Value is not an array');
}

function readValue(vr: Vr, attribute: Record<string, unknown>, { path, bulkData }: Scope): Uint8Array {
  if ('InlineBinary' in attribute) return inlineBytes(vr, attribute['InlineBinary'], path);
  if ('BulkDataURI' in attribute) {
    const uri = attribute['BulkDataURI'];
    if (typeof uri !== 'string') return refuse(path, 'BulkDataURI is not a string');
    return evened(bulkData?.(uri) ?? refuse(path, 'the bulk data are not here'), vr);
  }
  if (!('Value' in attribute)) return new Uint8Array(0);
  return evened(valueBytes(vr, arrayOf(attribute['Value'], path), path), vr);
}

function inlineBytes(vr: Vr, json: unknown, path: string): Uint8Array {
  if (VRS[vr].kind !== 'binary') return refuse(path, `InlineBinary in ${vr}`);
  const bytes = typeof json === 'string' ? base64Bytes(json) : undefined;
  return evened(bytes ?? refuse(path, 'InlineBinary is not base64'), vr);
}

const UTF8_TERM = new TextEncoder().encode('ISO_IR 192');

function hasTextBeyondAscii(dataSet: DataSet): boolean {
  for (const { vr, value, items } of dataSet.elements.values()) {
    if (VRS[vr].charset && value?.some((byte) => byte > 0x7f)) return true;
    if (items?.some(hasTextBeyondAscii)) return true;
  }
  return false;
}
