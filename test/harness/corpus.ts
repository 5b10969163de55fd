import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { uidOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { type FileHead, readFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { sharedPath } from '@acervo/testkit/shared.ts';

/** One file of the shared corpus. */
export type CorpusFile = {
  /** Below the corpus, and its name in every message of a test. */
  path: string;
  bytes: Uint8Array;
};

export type Uids = { sopClassUid: string; sopInstanceUid: string; studyUid: string; seriesUid: string };

/** What stands in a file that can be stored: its data set, verbatim, and who it says it is. */
export type CorpusObject = Uids & { transferSyntaxUid: string; dataSet: Uint8Array };

type IndexEntry = { path: string; sha256: string; size: number };

/** The files that the corpus' index lists, each checked against its digest there, in the order of the index. */
export function* corpusFiles(isWanted: (path: string) => boolean = () => true): Generator<CorpusFile> {
  const index = JSON.parse(readFileSync(sharedPath('corpus/index.json'), 'utf8')) as IndexEntry[];
  for (const { path, sha256 } of index) {
    if (!isWanted(path)) continue;
    const bytes = readFileSync(sharedPath('corpus', path));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new Error(`${path} is not the file indexed`);
    yield { path, bytes };
  }
}

/** One file by its path. */
export function corpusFile(path: string): CorpusFile {
  return { path, bytes: readFileSync(sharedPath('corpus', path)) };
}

/** What a sender of this file would say in a C-STORE request; undefined where there is nothing to send. */
export type Announced = Pick<Uids, 'sopClassUid' | 'sopInstanceUid'> & {
  transferSyntaxUid: string;
  dataSet: Uint8Array;
};

/** The object of a file whose four UIDs stand in its data set. Throws for any other. */
export function objectOf({ path, bytes }: CorpusFile): CorpusObject {
  const head = headOf(bytes);
  const stored = bytes.subarray(head.dataSetOffset);
  const dataSet = parsed(stored, head.transferSyntaxUid);
  const uid = (tag: number): string => {
    const value = uidOf(dataSet, tag);
    if (value === undefined || value === '') throw new Error(`${path} lacks a UID`);
    return value;
  };
  return {
    sopClassUid: uid(T.SOPClassUID),
    sopInstanceUid: uid(T.SOPInstanceUID),
    studyUid: uid(T.StudyInstanceUID),
    seriesUid: uid(T.SeriesInstanceUID),
    transferSyntaxUid: head.transferSyntaxUid,
    dataSet: stored,
  };
}

/** SOP class and instance as the data set says, or else the file head: a sender has no other source. */
export function announcedOf({ bytes }: CorpusFile): Announced | undefined {
  const head = headIfAny(bytes);
  const dataSet = bytes.subarray(head?.dataSetOffset ?? 0);
  if (head === undefined || dataSet.length === 0) return undefined;
  const read = parsed(dataSet, head.transferSyntaxUid);
  const sopClassUid = uidOf(read, T.SOPClassUID) ?? head.mediaStorageSopClassUid;
  const sopInstanceUid = uidOf(read, T.SOPInstanceUID) ?? head.mediaStorageSopInstanceUid;
  if (sopClassUid === undefined || sopInstanceUid === undefined) return undefined;
  return { sopClassUid, sopInstanceUid, transferSyntaxUid: head.transferSyntaxUid, dataSet };
}

/** SOP Instance UID of a data set that has both a SOP class and an instance, whatever the file head says. */
export function instanceNamedBy({ bytes }: CorpusFile): string | undefined {
  const head = headIfAny(bytes);
  if (head === undefined) return undefined;
  const read = parsed(bytes.subarray(head.dataSetOffset), head.transferSyntaxUid);
  return uidOf(read, T.SOPClassUID) === undefined ? undefined : uidOf(read, T.SOPInstanceUID);
}

function headIfAny(bytes: Uint8Array): FileHead | undefined {
  try {
    return headOf(bytes);
  } catch {
    return undefined; // No sender could read this file.
  }
}

export function headOf(bytes: Uint8Array): FileHead {
  const head = readFileHead(bytes, true);
  if ('need' in head) throw new Error('no file head');
  return head;
}

/** A data set up to its pixels, as far as it can be read: a file cut in its pixels still says who it is. */
function parsed(stored: Uint8Array, transferSyntaxUid: string): DataSet {
  const syntax = findTransferSyntax(transferSyntaxUid);
  if (syntax === undefined) throw new Error(`no transfer syntax ${transferSyntaxUid}`);
  const bytes = syntax.deflated ? inflateRawSync(stored) : stored;
  return readDataSet(bytes, { syntax, stopAtPixelData: true }).dataSet;
}
