import { crc32 } from 'node:zlib';
import { DicomdirWriter } from '@acervo/dicom/media/dicomdir.ts';
import { DIRECTORY_TAGS } from '@acervo/dicom/media/record-types.ts';
import { newUid } from '@acervo/dicom/uid.ts';
import { centralDirectory, localHeader, type PlacedEntry, type ZipEntry } from '@acervo/interop/zip/zip.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import { type HeldInstance, type HeldStudy, listInstances, listSeries } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Op } from '../../ports/op.ts';

/** PS3.11 STD-GEN-CD names no File-set ID; people see this one. */
const FILE_SET_ID = 'ACERVO';
/** Keys of a record are short; a longer value is none of them. */
const KEY_BYTES_MAX = 1024;

/**
 * A study as a ZIP archive (PS3.12 annex V): its files as they are stored, under names that any medium can have
 * (PS3.10 8.2), and a DICOMDIR. Entries are stored, not compressed: pixels are already, and it costs nothing. Each
 * file is read twice, so that its checksum stands before it and every program can unpack while it receives.
 */
export class StudyZip {
  readonly #holdings: Holdings;
  readonly #op: Op;
  readonly #directory = new DicomdirWriter();
  readonly #entries: PlacedEntry[] = [];
  #at = 0;

  constructor(holdings: Holdings, op: Op) {
    this.#holdings = holdings;
    this.#op = op;
  }

  async *bytes(study: HeldStudy): AsyncGenerator<Uint8Array> {
    const { db } = this.#holdings;
    for (const [index, series] of (await listSeries(db, study)).entries()) {
      const folder = ['DICOM', 'ST000001', named('SE', index)];
      for (const [number, instance] of (await listInstances(db, series)).entries()) {
        this.#op.signal.throwIfAborted();
        yield* this.#instance(instance, [...folder, named('IM', number)]);
      }
    }
    const directory = this.#directory.bytes({ fileSetId: FILE_SET_ID, sopInstanceUid: newUid() });
    yield this.#begin({ name: 'DICOMDIR', bytes: directory.length, crc32: crc32(directory) });
    yield directory;
    this.#at += directory.length;
    yield centralDirectory(this.#entries, this.#at);
  }

  async *#instance(instance: HeldInstance, fileId: readonly string[]): AsyncGenerator<Uint8Array> {
    const { files } = this.#holdings;
    const { segment, fileAt, fileBytes } = instance;
    await this.#describe(instance, fileId);
    let checksum = 0;
    for await (const chunk of files.stream(segment, fileAt, fileBytes)) checksum = crc32(chunk, checksum);
    yield this.#begin({ name: fileId.join('/'), bytes: fileBytes, crc32: checksum });
    yield* files.stream(segment, fileAt, fileBytes);
    this.#at += fileBytes;
  }

  /** An object whose header cannot be read lies in the archive without a record (PS3.10 8.6). */
  async #describe(instance: HeldInstance, fileId: readonly string[]): Promise<void> {
    const { sopClassUid, sopUid: sopInstanceUid, transferSyntaxUid } = instance;
    try {
      const { dataSet: header } = await storedDataSet(this.#holdings.files, instance).read({
        keep: (tag, _vr, _length, depth) => depth > 0 || DIRECTORY_TAGS.has(tag),
        stopAtPixelData: true,
        valueBytesMax: KEY_BYTES_MAX,
      });
      this.#directory.add({ fileId, sopClassUid, sopInstanceUid, transferSyntaxUid, header });
    } catch (thrown) {
      const { code } = toFailure(thrown);
      this.#op.log.warn('media.undescribed', { op: this.#op.id, segment: instance.segment, at: instance.fileAt, code });
    }
  }

  #begin(entry: ZipEntry): Uint8Array {
    const header = localHeader(entry);
    this.#entries.push({ ...entry, at: this.#at });
    this.#at += header.length;
    return header;
  }
}

/** Two letters and six digits: 8 characters of upper case. */
const named = (letters: string, index: number): string => `${letters}${String(index + 1).padStart(6, '0')}`;
