import { equalBytes } from '@acervo/kernel/bytes.ts';
import { type Charset, charsetOf, readTerms } from '../charset/decode.ts';
import { numberOf } from '../data-set/access.ts';
import type { DataSet, Element, Tag } from '../data-set/model.ts';
import { inOtherOrder } from '../data-set/swap.ts';
import { findAttribute, vrOf } from '../dictionary.ts';
import { isGroupLength } from '../tag.ts';
import { T } from '../tags.ts';
import { VRS, type Vr } from '../vr.ts';
import { base64Text } from './base64.ts';
import { numberJson, textJson } from './value-json.ts';

/** What `JSON.parse` makes of the text of a data set: PS3.18 F.2.2. */
export type DicomJson = {
  [tag: string]: { vr: Vr; Value?: unknown[]; BulkDataURI?: string; InlineBinary?: string };
};

export type JsonOptions = {
  /** Of the data set, as the caller chose it; an item that declares another one is read with its own. */
  charset: Charset;
  /**
   * The address of a value that is not inline. `path` leads to the element: tags, and after each sequence
   * the index of the item; it is valid during the call only. Undefined: the attribute is left out.
   */
  bulkDataUri?: (path: readonly number[], element: Element) => string | undefined;
  /** Binary values up to this length stand in the JSON as base64, longer ones behind an address. */
  inlineBytesMax: number;
};

/** What the attributes of a data set have in common. */
export type JsonScope = {
  options: JsonOptions;
  charset: Charset;
  /** (0008,0005) that the charset stands for, as it was declared. */
  declared: Uint8Array | undefined;
  littleEndian: boolean;
  /** Pixel Representation (0028,0103) of the data set is signed. */
  isSigned: boolean;
  path: number[];
};

/**
 * A data set in the DICOM JSON model (PS3.18 F.2), as text: attributes in ascending order, without Group
 * Lengths and without groups 0000 and 0002.
 *
 * Text, not an object: F.2.2 wants the attributes in order, and an object of JavaScript puts names such as
 * '20500020', which look like array indexes, before '00080005'.
 *
 * The character set of JSON is UTF-8, so (0008,0005), where there is one, says ISO_IR 192.
 *
 * A text or number that the reader left where it lies has an address too. An attribute that needs an
 * address and gets none is left out, since showing it without a value would say that it is empty.
 */
export function toDicomJsonText(dataSet: DataSet, options: JsonOptions): string {
  return dataSetJson(dataSet, jsonScope(dataSet, options));
}

export function jsonScope(dataSet: DataSet, options: JsonOptions): JsonScope {
  const declared = dataSet.elements.get(T.SpecificCharacterSet)?.value;
  const { littleEndian } = dataSet;
  const isSigned = numberOf(dataSet, T.PixelRepresentation) === 1;
  return { options, charset: options.charset, declared, littleEndian, isSigned, path: [] };
}

/** The same as an object, for who looks into it rather than sends it. */
export function toDicomJson(dataSet: DataSet, options: JsonOptions): DicomJson {
  return JSON.parse(toDicomJsonText(dataSet, options)) as DicomJson;
}

function dataSetJson(dataSet: DataSet, scope: JsonScope): string {
  let json = '{';
  for (const element of inOrder(dataSet)) {
    const attribute = attributeJson(element, scope);
    if (attribute !== undefined) json += json === '{' ? attribute : `,${attribute}`;
  }
  return `${json}}`;
}

/** One attribute: name, colon, object; undefined when it is left out. */
export function attributeJson(element: Element, scope: JsonScope): string | undefined {
  const { tag } = element;
  if (isGroupLength(tag) || isForeign(tag)) return undefined;
  const { path } = scope;
  path.push(tag);
  const members = membersJson(element, scope);
  path.pop();
  return members === undefined ? undefined : `"${nameOf(tag)}":{"vr":"${members}}`;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** As `tagText`, four times as fast: it is made for each attribute of each instance. */
const nameOf = (tag: Tag): string =>
  `${HEX[tag >>> 24]}${HEX[(tag >>> 16) & 0xff]}${HEX[(tag >>> 8) & 0xff]}${HEX[tag & 0xff]}`;

/** Of a command or a file, where a faulty device left it in the data set. */
const isForeign = (tag: Tag): boolean => tag >>> 16 === 0x0000 || tag >>> 16 === 0x0002;

/** Readers meet data sets in the right order, nearly always: then nothing is sorted or copied. */
function inOrder(dataSet: DataSet): Iterable<Element> {
  let last = -1;
  for (const tag of dataSet.elements.keys()) {
    if (tag < last) return [...dataSet.elements.values()].sort((a, b) => a.tag - b.tag);
    last = tag;
  }
  return dataSet.elements.values();
}

/** From the VR on, without the brace that ends it; undefined when the attribute is left out. */
function membersJson(element: Element, scope: JsonScope): string | undefined {
  const { value, items } = element;
  const vr = shownVr(element, scope);
  // A UN of undefined length that was read as a sequence is one (PS3.5 6.2.2).
  if (items !== undefined) return sequenceJson(items, scope);
  if (element.tag === T.SpecificCharacterSet) return 'CS","Value":["ISO_IR 192"]';
  if (element.length === 0) return `${vr}"`;
  if (value === undefined || isBulk(element, vr, value, scope)) return bulkJson(element, scope);
  const { kind } = VRS[vr];
  if (kind === 'binary') return inlineJson(vr, value, scope);
  const values = kind === 'text' ? textJson(value, vr, scope.charset) : numberJson(value, vr, scope.littleEndian);
  return values === '' ? `${vr}"` : `${vr}","Value":[${values}]`;
}

function shownVr(element: Element, { isSigned, littleEndian }: JsonScope): Vr {
  if (element.vr === 'US' && isSigned) return signedVr(element);
  if (element.vr === 'UN' && element.value !== undefined) return knownVr(element.tag, element.value, littleEndian);
  return element.vr;
}

/**
 * A sender may write any element as UN; who knows its VR may read it as that (PS3.5 6.2.2 note 2), and only then
 * is there a name or a UID to see. Such a value is little endian, also where its data set is not: then numbers
 * stay as they are.
 */
function knownVr(tag: Tag, value: Uint8Array, littleEndian: boolean): Vr {
  const vr = vrOf(tag);
  const { kind, swapBytes } = VRS[vr];
  if (kind === 'text') return vr;
  const widthBytes = kind === 'tag' ? 4 : kind === 'number' ? swapBytes : 0;
  return littleEndian && widthBytes > 0 && value.length % widthBytes === 0 ? vr : 'UN';
}

/**
 * Implicit VR cannot say whether a pixel value is US or SS: Pixel Representation does (PS3.5 A.1), and without
 * it a padding of -2000 would be shown as 63536. Single values only: in a LUT Descriptor not all are signed.
 */
function signedVr({ tag, length }: Element): Vr {
  return length === 2 && findAttribute(tag)?.vrs.includes('SS') === true ? 'SS' : 'US';
}

const isBulk = (element: Element, vr: Vr, value: Uint8Array, { options }: JsonScope): boolean =>
  element.fragments !== undefined || (VRS[vr].kind === 'binary' && value.length > options.inlineBytesMax);

function bulkJson(element: Element, { options, path }: JsonScope): string | undefined {
  // F.2.2 gives no address to a sequence.
  if (element.vr === 'SQ') return undefined;
  const uri = options.bulkDataUri?.(path, element);
  return uri === undefined ? undefined : `${element.vr}","BulkDataURI":${JSON.stringify(uri)}`;
}

function inlineJson(vr: Vr, value: Uint8Array, scope: JsonScope): string {
  if (value.length === 0) return `${vr}"`;
  const bytes = scope.littleEndian ? value : inOtherOrder(value, vr);
  return `${vr}","InlineBinary":"${base64Text(bytes)}"`;
}

function sequenceJson(items: readonly DataSet[], scope: JsonScope): string {
  if (items.length === 0) return 'SQ"';
  const { path } = scope;
  const depth = path.length;
  const json: string[] = [];
  for (const [index, item] of items.entries()) {
    path[depth] = index;
    json.push(dataSetJson(item, itemScope(item, scope)));
  }
  path.length = depth;
  return `SQ","Value":[${json.join(',')}]`;
}

/**
 * An item without (0008,0005) has the character set of what encloses it (PS3.3 C.12.1.1.2). One that
 * repeats the declaration repeats its mistake, too, so what the caller chose in its place holds there.
 */
function itemScope(item: DataSet, scope: JsonScope): JsonScope {
  const declared = item.elements.get(T.SpecificCharacterSet)?.value;
  const { littleEndian } = item;
  const isSame = declared === undefined || (scope.declared !== undefined && equalBytes(declared, scope.declared));
  if (isSame) return littleEndian === scope.littleEndian ? scope : { ...scope, littleEndian };
  return { ...scope, littleEndian, declared, charset: charsetOf(readTerms(declared)) };
}
