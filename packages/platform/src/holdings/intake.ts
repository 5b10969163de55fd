import { createHash } from 'node:crypto';
import { uidOf } from '@acervo/dicom/data-set/access.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { DataSetReader } from '@acervo/dicom/data-set/read.ts';
import { type FileHead, readFileHead, writeFileHead } from '@acervo/dicom/part10.ts';
import { isStorageSopClass } from '@acervo/dicom/sop-class.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { isValidUid } from '@acervo/dicom/uid.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { INGEST_TAGS } from './attributes.ts';
import { MARKS, type Marks, parseMarks } from './marks.ts';

/**
 * An object at the door: a data set with what its command said (C-STORE), or a file (STOW-RS, import). The chunks
 * of `body` must not be recycled by the sender of them: they are kept until the object is durable.
 */
export type Incoming =
  | {
      form: 'dataset';
      sopClassUid: string;
      sopInstanceUid: string;
      transferSyntaxUid: string;
      sourceAet: string;
      body: AsyncIterable<Uint8Array>;
    }
  | {
      form: 'file';
      body: AsyncIterable<Uint8Array>;
      /** The study that the request addresses: an object of another one is refused. */
      onlyStudy?: string;
      /** Told as soon as class and instance are known, also when the object is refused afterwards. */
      identified?: (uids: Pick<Uids, 'sopClass' | 'sop'>) => void;
    };

export type Uids = { sopClass: string; sop: string; study: string; series: string };

/** A header is looked for in this much of a data set at most, bytes. */
const HEAD_BYTES_MAX = 1 << 20;

/**
 * Takes an object's bytes as they come: finds the file head, reads the header, counts and hashes. It never
 * holds bytes itself: `take` says which bytes of the file they are.
 */
export class Intake {
  #syntax: TransferSyntax | undefined;
  #head: Uint8Array | undefined;
  #announced: { sopClass: string; sop: string } | undefined;
  #needsNewHead = false;
  #beginning: Uint8Array[] = [];
  #reader: DataSetReader | undefined;
  readonly #dataSetHash = createHash('sha256');
  #dataSetBytes = 0;
  readonly #incoming: Incoming;

  constructor(incoming: Incoming) {
    this.#incoming = incoming;
    if (incoming.form === 'file') return;
    this.#begin(incoming.transferSyntaxUid);
    this.#announced = { sopClass: incoming.sopClassUid, sop: incoming.sopInstanceUid };
    this.#head = writeFileHead(incoming);
  }

  /** @returns the part of the chunk that belongs to the data set, as soon as it is known where that begins. */
  take(chunk: Uint8Array): Uint8Array | undefined {
    if (this.#syntax !== undefined) return this.#takeDataSet(chunk);
    this.#beginning.push(chunk);
    const bytes = concat(this.#beginning);
    const head = readFileHead(bytes);
    if ('need' in head) {
      if (bytes.length > HEAD_BYTES_MAX) throw new Failure('parse/not-part10', 'no data set within the first megabyte');
      return undefined;
    }
    this.#useHead(head, bytes);
    return this.#takeDataSet(bytes.subarray(head.dataSetOffset));
  }

  /**
   * No more bytes.
   * @returns data set bytes that only the end could tell from a head.
   * @throws {Failure} when what came is no object that can be stored.
   */
  end(): Uint8Array | undefined {
    let rest: Uint8Array | undefined;
    if (this.#syntax === undefined) {
      const bytes = concat(this.#beginning);
      const head = readFileHead(bytes, true);
      if ('need' in head) throw new Failure('parse/not-part10', `no DICOM object in ${bytes.length} bytes`);
      this.#useHead(head, bytes);
      rest = this.#takeDataSet(bytes.subarray(head.dataSetOffset));
    }
    this.#reader?.end();
    return rest;
  }

  /** True when the header up to the pixel data is read; never for a deflated data set. */
  get headerDone(): boolean {
    return this.#reader?.headerDone === true;
  }
  get syntax(): TransferSyntax {
    if (this.#syntax === undefined) throw new Error('the head is not read yet');
    return this.#syntax;
  }
  get dataSetBytes(): number {
    return this.#dataSetBytes;
  }
  dataSetSha256(): string {
    return this.#dataSetHash.digest('hex');
  }

  /** The header as read from the passing bytes; undefined for a deflated data set, which is read afterwards. */
  header(): ReadHeader | undefined {
    const reader = this.#reader;
    return reader === undefined ? undefined : { dataSet: reader.dataSet, marks: parseMarks(reader.marks) };
  }

  /**
   * The four UIDs, all present, valid, and those that were announced.
   * @throws {Failure} store/missing-uid, store/invalid-uid, store/uid-mismatch, store/wrong-study, store/not-storage
   */
  uids(header: ReadHeader): Uids {
    const incoming = this.#incoming;
    const uids = readUids(header.dataSet, incoming.form === 'file' ? incoming.identified : undefined);
    if (incoming.form === 'file') {
      const { onlyStudy = uids.study } = incoming;
      if (uids.study !== onlyStudy) throw new Failure('store/wrong-study', 'object of another study');
    } else if (uids.sopClass !== incoming.sopClassUid || uids.sop !== incoming.sopInstanceUid) {
      throw new Failure('store/uid-mismatch', 'the command names another SOP class or instance than the data set');
    }
    if (!isStorageSopClass(uids.sopClass)) throw new Failure('store/not-storage', `SOP class ${uids.sopClass}`);
    return uids;
  }

  /** Preamble and File Meta Information to store in front of the data set: as received when sound, else anew. */
  headFor(uids: Uids): { head: Uint8Array; marks: Marks } {
    const agrees = this.#announced?.sopClass === uids.sopClass && this.#announced.sop === uids.sop;
    if (this.#head !== undefined && !this.#needsNewHead && agrees) return { head: this.#head, marks: 0 };
    const head = writeFileHead({
      sopClassUid: uids.sopClass,
      sopInstanceUid: uids.sop,
      transferSyntaxUid: this.syntax.uid,
    });
    return { head, marks: MARKS.headRewritten };
  }

  /** The head as received, for a data set whose UIDs cannot be read before its end. */
  ownHead(): { head: Uint8Array; marks: Marks } {
    const { sopClass, sop } = this.#announced ?? { sopClass: '', sop: '' };
    return this.headFor({ sopClass, sop, study: '', series: '' });
  }

  #takeDataSet(chunk: Uint8Array): Uint8Array {
    this.#dataSetBytes += chunk.length;
    this.#dataSetHash.update(chunk);
    if (this.#reader !== undefined && !this.#reader.headerDone) this.#reader.push(chunk);
    return chunk;
  }

  #useHead(head: FileHead, bytes: Uint8Array): void {
    this.#begin(head.transferSyntaxUid);
    this.#announced = { sopClass: head.mediaStorageSopClassUid ?? '', sop: head.mediaStorageSopInstanceUid ?? '' };
    this.#needsNewHead = !head.complete;
    this.#head = new Uint8Array(bytes.subarray(0, head.dataSetOffset));
    this.#beginning = [];
  }

  #begin(transferSyntaxUid: string): void {
    const syntax = findTransferSyntax(transferSyntaxUid);
    if (syntax === undefined) throw new Failure('store/unknown-transfer-syntax', 'not a transfer syntax of PS3.6');
    this.#syntax = syntax;
    if (!syntax.deflated) this.#reader = ingestReader(syntax);
  }
}

export type ReadHeader = { dataSet: DataSet; marks: Marks };

/** Reads what the index needs of a header and passes over the rest. */
export function ingestReader(syntax: TransferSyntax): DataSetReader {
  const keep = (tag: number, _vr: string, _length: number | undefined, depth: number): boolean =>
    depth > 0 || INGEST_TAGS.has(tag);
  return new DataSetReader({ syntax, keep, stopAtPixelData: true, valueBytesMax: VALUE_BYTES_MAX });
}

/** Longer values of the ingest tags are not kept: no index shows them. */
const VALUE_BYTES_MAX = 16 * 1024;

/** @throws {Failure} store/missing-uid, store/invalid-uid */
function readUids(dataSet: DataSet, identified?: (uids: Pick<Uids, 'sopClass' | 'sop'>) => void): Uids {
  const uid = (tag: number, keyword: string): string => {
    const text = uidOf(dataSet, tag);
    if (text === undefined || text === '') throw new Failure('store/missing-uid', `no ${keyword}`);
    if (!isValidUid(text)) throw new Failure('store/invalid-uid', `${keyword} of ${text.length} characters`);
    return text;
  };
  const instance = { sopClass: uid(T.SOPClassUID, 'SOPClassUID'), sop: uid(T.SOPInstanceUID, 'SOPInstanceUID') };
  identified?.(instance);
  return {
    ...instance,
    study: uid(T.StudyInstanceUID, 'StudyInstanceUID'),
    series: uid(T.SeriesInstanceUID, 'SeriesInstanceUID'),
  };
}
