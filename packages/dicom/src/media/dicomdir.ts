import { concat, viewOf } from '@acervo/kernel/bytes.ts';
import { itemsOf, textOf } from '../data-set/access.ts';
import type { DataSet, Element } from '../data-set/model.ts';
import { dataSetOf, element, numberElement, textElement, writeDataSet } from '../data-set/write.ts';
import { writeFileHead } from '../part10.ts';
import { T } from '../tags.ts';
import { EXPLICIT_LE } from '../transfer-syntax.ts';
import {
  type Key,
  keysOf,
  ORDINAL,
  PATIENT_KEYS,
  type RecordType,
  recordTypeOf,
  SERIES_KEYS,
  STUDY_KEYS,
} from './record-types.ts';

/** A file of a File-set (PS3.10 8): where it lies, and what its header says. */
export type FileOfSet = {
  /** Components of the File ID, each up to 8 of A-Z 0-9 _ (PS3.10 8.2). */
  fileId: readonly string[];
  sopClassUid: string;
  sopInstanceUid: string;
  transferSyntaxUid: string;
  /** At least the elements that DIRECTORY_TAGS names. */
  header: DataSet;
};

/** Media Storage Directory Storage (PS3.4 B.5). */
const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';
const EXPLICIT_LITTLE = { explicitVr: true, littleEndian: true };
const IN_USE = 0xffff;
const ITEM_HEADER_BYTES = 8;
/** Where the offsets stand in a record: behind the header of their elements, which begin every record. */
const NEXT_AT = 8;
const LOWER_AT = 30;

type Record = { bytes: Uint8Array; below: Map<string, Record> };

const recordOf = (bytes: Uint8Array): Record => ({ bytes, below: new Map() });

/**
 * Makes a DICOMDIR (PS3.10 8.6, PS3.3 F.3): patients, studies, series and instances as one tree. Records keep the
 * bytes of the files' own values, under the character set that each file declares. It holds a few hundred bytes for
 * each file and nothing of the file itself.
 */
export class DicomdirWriter {
  readonly #patients = new Map<string, Record>();
  #files = 0;

  /** @returns false when there is no type of record for it: it may lie in the set all the same. */
  add(file: FileOfSet): boolean {
    const { header, sopClassUid, sopInstanceUid } = file;
    const type = recordTypeOf(sopClassUid, header);
    const own = type && keyElements(verified(header), keysOf(type), this.#files + 1);
    if (type === undefined || own === undefined) return false;
    this.#files += 1;
    const patient = branch(this.#patients, header, T.PatientID, 'PATIENT', PATIENT_KEYS);
    const study = branch(patient.below, header, T.StudyInstanceUID, 'STUDY', STUDY_KEYS);
    const series = branch(study.below, header, T.SeriesInstanceUID, 'SERIES', SERIES_KEYS);
    series.below.set(
      `${sopInstanceUid} ${file.fileId.join('/')}`,
      recordOf(recordBytes(type, [...reference(file), ...own])),
    );
    return true;
  }

  /** The file, whole. @param sopInstanceUid its own */
  bytes(of: { fileSetId: string; sopInstanceUid: string }): Uint8Array {
    const head = writeFileHead({
      sopClassUid: MEDIA_STORAGE_DIRECTORY,
      sopInstanceUid: of.sopInstanceUid,
      transferSyntaxUid: EXPLICIT_LE,
    });
    const before = writeDataSet(rootOf(of.fileSetId, 0, 0), EXPLICIT_LITTLE);
    const records = [...this.#patients.values()];
    const items: Uint8Array[] = [];
    const firstAt = head.length + before.length + SEQUENCE_HEADER_BYTES;
    const ends = place(records, firstAt, items);
    const [first = 0] = ends.starts;
    const last = ends.starts.at(-1) ?? 0;
    const root = writeDataSet(rootOf(of.fileSetId, first, last), EXPLICIT_LITTLE);
    return concat([head, root, sequenceHeader(ends.end - firstAt), ...items]);
  }
}

/** A report with the latest Verification DateTime of its observers at the top, where its record has it (PS3.3 F.5). */
function verified(header: DataSet): DataSet {
  const times = itemsOf(header, T.VerifyingObserverSequence)
    .map(({ elements }) => elements.get(T.VerificationDateTime))
    .filter((time) => time !== undefined)
    .sort((a, b) => textOf(a).localeCompare(textOf(b)));
  const latest = times.at(-1);
  return latest === undefined ? header : dataSetOf([...header.elements.values(), latest], header.littleEndian);
}

/** The record of this level that an object belongs to, made from the first object below it. */
function branch(
  level: Map<string, Record>,
  header: DataSet,
  identity: number,
  type: string,
  keys: readonly Key[],
): Record {
  const name = textOf(header.elements.get(identity));
  const known = level.get(name);
  if (known !== undefined) return known;
  const made = recordOf(recordBytes(type, [...charset(header), ...(keyElements(header, keys, level.size + 1) ?? [])]));
  level.set(name, made);
  return made;
}

/** The keys' elements; undefined where one that cannot be made up has no value. */
function keyElements(header: DataSet, keys: readonly Key[], ordinal: number): Element[] | undefined {
  const elements: Element[] = [];
  for (const { tag, vr, type, otherwise } of keys) {
    const found = header.elements.get(tag);
    const isThere = (found?.value?.length ?? 0) > 0 || (found?.items?.length ?? 0) > 0;
    const isBlank = found?.items === undefined && textOf(found) === '';
    if (found !== undefined && isThere && !isBlank) elements.push(found);
    else if (type === 2) elements.push(vr === 'SQ' ? emptySequence(tag) : element(tag, vr, new Uint8Array(0)));
    else if (type === 1 && otherwise === undefined) return undefined;
    else if (type === 1) elements.push(textElement(tag, vr, otherwise === ORDINAL ? `${ordinal}` : (otherwise ?? '')));
  }
  return elements;
}

const emptySequence = (tag: number): Element => ({ tag, vr: 'SQ', length: 0, offset: 0, items: [] });

function charset(header: DataSet): Element[] {
  const declared = header.elements.get(T.SpecificCharacterSet);
  return declared?.value === undefined || declared.value.length === 0 ? [] : [declared];
}

function reference({ fileId, sopClassUid, sopInstanceUid, transferSyntaxUid, header }: FileOfSet): Element[] {
  return [
    textElement(T.ReferencedFileID, 'CS', fileId.join('\\')),
    textElement(T.ReferencedSOPClassUIDInFile, 'UI', sopClassUid),
    textElement(T.ReferencedSOPInstanceUIDInFile, 'UI', sopInstanceUid),
    textElement(T.ReferencedTransferSyntaxUIDInFile, 'UI', transferSyntaxUid),
    ...charset(header),
  ];
}

/** A record as an item without its header; its offsets are written when its place is known. */
function recordBytes(type: RecordType | string, elements: readonly Element[]): Uint8Array {
  const fixed = [
    numberElement(T.OffsetOfTheNextDirectoryRecord, 'UL', [0]),
    numberElement(T.RecordInUseFlag, 'US', [IN_USE]),
    numberElement(T.OffsetOfReferencedLowerLevelDirectoryEntity, 'UL', [0]),
    textElement(T.DirectoryRecordType, 'CS', type),
  ];
  return writeDataSet(dataSetOf([...fixed, ...elements]), EXPLICIT_LITTLE, { lengths: 'defined' }).slice();
}

/**
 * Give every record of a level its place, each followed by what is below it, and link it with the next one.
 * @returns where the level's records begin, in bytes of the file, and where the last thing below them ends
 */
function place(level: readonly Record[], at: number, items: Uint8Array[]): { starts: number[]; end: number } {
  const starts: number[] = [];
  let end = at;
  for (const [index, { bytes, below }] of level.entries()) {
    starts.push(end);
    items.push(itemHeader(bytes.length), bytes);
    const lowerAt = end + ITEM_HEADER_BYTES + bytes.length;
    end = place([...below.values()], lowerAt, items).end;
    const view = viewOf(bytes);
    view.setUint32(LOWER_AT, below.size === 0 ? 0 : lowerAt, true);
    view.setUint32(NEXT_AT, index + 1 < level.length ? end : 0, true);
  }
  return { starts, end };
}

const rootOf = (fileSetId: string, first: number, last: number): DataSet =>
  dataSetOf([
    textElement(T.FileSetID, 'CS', fileSetId),
    numberElement(T.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity, 'UL', [first]),
    numberElement(T.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity, 'UL', [last]),
    numberElement(T.FileSetConsistencyFlag, 'US', [0]),
  ]);

const SEQUENCE_HEADER_BYTES = 12;

/** (0004,1220) SQ of a defined length (PS3.5 7.5). */
function sequenceHeader(length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(SEQUENCE_HEADER_BYTES));
  view.setUint16(0, T.DirectoryRecordSequence >>> 16, true);
  view.setUint16(2, T.DirectoryRecordSequence & 0xffff, true);
  view.setUint8(4, 'S'.charCodeAt(0));
  view.setUint8(5, 'Q'.charCodeAt(0));
  view.setUint32(8, length, true);
  return new Uint8Array(view.buffer);
}

function itemHeader(length: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(ITEM_HEADER_BYTES));
  view.setUint16(0, 0xfffe, true);
  view.setUint16(2, 0xe000, true);
  view.setUint32(4, length, true);
  return new Uint8Array(view.buffer);
}
