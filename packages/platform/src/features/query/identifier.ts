import { type ChosenCharset, chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { decodeText, readTerms } from '@acervo/dicom/charset/decode.ts';
import { numbersOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet, Element } from '@acervo/dicom/data-set/model.ts';
import { findAttribute } from '@acervo/dicom/dictionary.ts';
import { isGroupLength, isPrivate, tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { VRS, type Vr } from '@acervo/dicom/vr.ts';
import { type Condition, conditionOf } from '@acervo/interop/dicomweb/matching.ts';
import {
  INCLUDE_FIELDS_MAX,
  MATCHES_MAX,
  type Match,
  PATH_LENGTH_MAX,
  type Query,
} from '@acervo/interop/dicomweb/query.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { PATIENT_TAGS, SERIES_TAGS, STUDY_TAGS } from '../../holdings/attributes.ts';
import {
  FIND_LEVELS,
  type FindLevel,
  type FindModel,
  type FindOptions,
  INDEX_LEVEL,
  UNIQUE_KEY,
} from './find-models.ts';
import { isSearched } from './keys.ts';
import type { Path } from './search.ts';

/** A key that is wanted back: of a sequence, what is wanted of its items; nothing named is all of them. */
export type RequestedKey = { tag: number; vr: Vr; items: readonly RequestedKey[] };

/** The Identifier of a C-FIND request (PS3.4 C.4.1.1.3.1), as a search. */
export type Identifier = {
  level: FindLevel;
  query: Query;
  path: Path;
  requested: readonly RequestedKey[];
  /** A key cannot be matched or returned here: responses are FF01 (PS3.4 C.4.1.1.4). */
  isPartly: boolean;
  /** How its text was read; the requester's own set, where it named one, is `declared`. */
  chosen: ChosenCharset;
  declared: readonly string[];
};

/** The Identifier is not what its SOP class says: A900, with the elements it is about (PS3.4 table C.4-1). */
export class Mismatch extends Error {
  override readonly name = 'Mismatch';
  readonly tags: readonly number[];

  /** @param comment at most 64 characters, without a value of the identifier */
  constructor(tags: readonly number[], comment: string) {
    super(comment);
    this.tags = tags;
  }
}

/** Of the answer's own making; a value that stands there is not compared. */
const NEVER_MATCHED: ReadonlySet<number> = new Set([
  T.RetrieveAETitle,
  T.StorageMediaFileSetID,
  T.StorageMediaFileSetUID,
  T.NumberOfPatientRelatedStudies,
  T.NumberOfPatientRelatedSeries,
  T.NumberOfPatientRelatedInstances,
]);
/** They say how the identifier is to be understood, and are no keys (PS3.4 C.2.2.2). */
const NO_KEYS: ReadonlySet<number> = new Set([
  T.SpecificCharacterSet,
  T.QueryRetrieveLevel,
  T.QueryRetrieveView,
  T.TimezoneOffsetFromUTC,
]);
const ALWAYS: readonly number[] = [T.RetrieveAETitle, T.InstanceAvailability];
const PATIENT_COUNTS: readonly number[] = [
  T.NumberOfPatientRelatedStudies,
  T.NumberOfPatientRelatedSeries,
  T.NumberOfPatientRelatedInstances,
];
const STUDY_MADE: readonly number[] = [
  T.ModalitiesInStudy,
  T.SOPClassesInStudy,
  T.NumberOfStudyRelatedSeries,
  T.NumberOfStudyRelatedInstances,
];
const AT_PATIENT = new Set([...ALWAYS, ...PATIENT_TAGS, ...PATIENT_COUNTS]);
const AT_STUDY = new Set([...AT_PATIENT, ...STUDY_TAGS, ...STUDY_MADE]);
const AT_SERIES = new Set([...AT_STUDY, ...SERIES_TAGS, T.NumberOfSeriesRelatedInstances]);
/** What a level has values for; of an instance, whatever its header has. */
const HELD: Readonly<Record<FindLevel, ReadonlySet<number> | undefined>> = {
  PATIENT: AT_PATIENT,
  STUDY: AT_STUDY,
  SERIES: AT_SERIES,
  IMAGE: undefined,
};

/** Keys that the archive makes the values of, from what it holds. */
export const keysMadeAt = (level: FindLevel): readonly number[] =>
  [...PATIENT_COUNTS, ...STUDY_MADE, T.NumberOfSeriesRelatedInstances].filter(
    (tag) => isHeldAt(level, tag) && (level !== 'IMAGE' || isHeldAt('SERIES', tag)),
  );

export const isHeldAt = (level: FindLevel, tag: number): boolean => HELD[level]?.has(tag) ?? true;

/** One key as it stands in the identifier, with the path that leads to it. */
type Key = { path: readonly number[]; vr: Vr; element: Element };

/**
 * @param model of the presentation context
 * @param charsetDefault of the requester, where it declares no character set or a wrong one
 * @throws {Mismatch}
 * @throws {Failure} parse/limit
 */
export function readIdentifier(
  dataSet: DataSet,
  model: FindModel,
  options: FindOptions,
  charsetDefault: string | undefined,
): Identifier {
  const declared = readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value);
  const chosen = chooseCharset(declared, textsOf(dataSet), charsetDefault);
  const level = levelOf(dataSet, model);
  const keys: Key[] = [];
  const { requested, isWhole } = requestedOf(dataSet, [], keys);
  const all = keys.map((key): Match => ({ ...key, condition: conditionIn(key, chosen, dataSet, options) }));
  const query: Query = { ...EMPTY, ...options, level: INDEX_LEVEL[level], matches: [] };
  const path = pathOf(all, model, level, options);
  const valued = all.filter(({ condition }) => condition.kind !== 'universal');
  const matches = valued.filter((match) => isMatched(match, query, path));
  if (matches.length > MATCHES_MAX) throw new Failure('parse/limit', `more than ${MATCHES_MAX} keys with a value`);
  const isPartly = !isWhole || matches.length < valued.length || requested.some(({ tag }) => !isHeldAt(level, tag));
  const includeFields = requested.map(({ tag }) => [tag]);
  return { level, query: { ...query, matches, includeFields }, path, requested, isPartly, chosen, declared };
}

const EMPTY = { matches: [], includeFields: [], offset: 0 };

function levelOf({ elements }: DataSet, model: FindModel): FindLevel {
  const element = elements.get(T.QueryRetrieveLevel);
  const text = decodeText(element?.value ?? new Uint8Array(0), 'CS', { terms: ['ISO_IR 6'] }).replace(/[ \0]+$/, '');
  const level = FIND_LEVELS.find((each) => each === text.trimStart());
  if (level !== undefined && model.levels.includes(level)) return level;
  const comment = text === '' ? 'Query/Retrieve Level is missing' : 'Query/Retrieve Level not of this SOP Class';
  throw new Mismatch([T.QueryRetrieveLevel], comment);
}

/** Values that a character set is recognised by. */
export function textsOf(dataSet: DataSet): Uint8Array[] {
  return [...dataSet.elements.values()].flatMap(({ vr, value, items }) => [
    ...(value !== undefined && VRS[vr].charset ? [value] : []),
    ...(items ?? []).flatMap(textsOf),
  ]);
}

type Requested = { requested: readonly RequestedKey[]; isWhole: boolean };

/** What is asked back; every key that is no sequence is added to `keys`. */
function requestedOf(dataSet: DataSet, above: readonly number[], keys: Key[]): Requested {
  const requested: RequestedKey[] = [];
  let isWhole = true;
  for (const element of dataSet.elements.values()) {
    const { tag } = element;
    if (isNoKey(tag, above.length)) continue;
    const attribute = findAttribute(tag);
    // What the dictionary does not know is neither matched nor returned (PS3.4 C.4.1.1.3.2 note 4).
    if (attribute === undefined) isWhole &&= isPrivate(tag) && (tag & 0xff00) === 0;
    else {
      const path = [...above, tag];
      const vr = attribute.vrs.includes(element.vr) ? element.vr : attribute.vr;
      const inner = vr === 'SQ' ? itemOf(element, path) : undefined;
      if (vr !== 'SQ') keys.push({ path, vr, element });
      const of = inner && requestedOf(inner, path, keys);
      isWhole &&= of?.isWhole ?? true;
      requested.push({ tag, vr, items: of?.requested ?? [] });
    }
    if (requested.length > INCLUDE_FIELDS_MAX || keys.length > INCLUDE_FIELDS_MAX) {
      throw new Failure('parse/limit', `more than ${INCLUDE_FIELDS_MAX} keys`);
    }
  }
  return { requested, isWhole };
}

const isNoKey = (tag: number, depth: number): boolean =>
  (depth === 0 && NO_KEYS.has(tag)) || tag === T.SpecificCharacterSet || isGroupLength(tag) || tag >>> 16 < 0x0008;

/** PS3.4 C.2.2.2.6: a sequence key has one item, or none where all of it is asked back. */
function itemOf({ items = [], value, length }: Element, path: readonly number[]): DataSet | undefined {
  const isOpaque = value !== undefined && length !== 0;
  if (isOpaque || items.length > 1) throw new Mismatch([path[0] ?? 0], 'A sequence key has at most one item');
  if (path.length >= PATH_LENGTH_MAX) throw new Mismatch([path[0] ?? 0], 'Sequence keys nested too deep');
  return items[0];
}

function conditionIn(
  { path, vr, element }: Key,
  { charset }: ChosenCharset,
  dataSet: DataSet,
  options: FindOptions,
): Condition {
  const [outermost = 0] = path;
  if (element.value === undefined && element.length !== 0)
    throw new Mismatch([outermost], 'Value of a key is too long');
  try {
    return conditionOf(vr, textOf(element, vr, charset, dataSet.littleEndian), { ...options, commaSeparates: false });
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'query/invalid')
      throw new Mismatch([outermost], 'Value of a key not understood');
    throw thrown;
  }
}

/** A number or tag as text; a value that was sent as another VR than the dictionary's, by how it was sent. */
function textOf(element: Element, vr: Vr, charset: ChosenCharset['charset'], littleEndian: boolean): string {
  const { kind } = VRS[element.vr];
  if (element.value === undefined || element.value.length === 0) return '';
  if (kind === 'number') return numbersOf(element, littleEndian).join('\\');
  if (kind === 'tag') return numbersOf(element, littleEndian).map(tagText).join('\\');
  return decodeText(element.value, VRS[vr].kind === 'text' ? vr : element.vr, charset).replace(/[\0 ]+$/, '');
}

/**
 * What the unique keys of the levels above name. Each has a single value, unless relational queries were agreed on
 * (PS3.4 C.4.1.2.1, C.4.1.2.2.1).
 */
function pathOf(matches: readonly Match[], model: FindModel, level: FindLevel, { relational }: FindOptions): Path {
  const uidOf = (of: FindLevel): string | undefined => {
    const condition = matches.find(({ path }) => path.length === 1 && path[0] === UNIQUE_KEY[of])?.condition;
    return condition?.kind === 'single' ? condition.value : undefined;
  };
  const above = model.levels.slice(0, model.levels.indexOf(level));
  const missing = above.filter((each) => uidOf(each) === undefined).map((each) => UNIQUE_KEY[each]);
  if (missing.length > 0 && !relational)
    throw new Mismatch(missing, 'Unique key of a level above needs a single value');
  const [study, series] = [uidOf('STUDY'), uidOf('SERIES')];
  if (!above.includes('STUDY') || study === undefined) return {};
  return above.includes('SERIES') && series !== undefined ? { study, series } : { study };
}

/** Can the index compare it? If not it is as if it had no value (PS3.4 C.2.2.1.3). @throws {Mismatch} */
function isMatched(match: Match, query: Query, path: Path): boolean {
  const [outermost = 0] = match.path;
  if (NEVER_MATCHED.has(outermost)) return false;
  try {
    return isSearched(match, query, path.study !== undefined);
  } catch (thrown) {
    if (thrown instanceof Failure && thrown.code === 'query/invalid')
      throw new Mismatch([outermost], 'Too many asterisks in a key');
    throw thrown;
  }
}
