import { uidOf } from '@acervo/dicom/data-set/access.ts';
import { DataSetReader } from '@acervo/dicom/data-set/read.ts';
import { sourceOf } from '@acervo/dicom/data-set/source.ts';
import { inflate } from '@acervo/dicom/deflate.ts';
import { type FileHead, readFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax, type TransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { cut } from '../../holdings/stored-data-set.ts';
import type { SourceFile } from '../../ports/source-file.ts';
import type { Transcoder, TranscodeSource } from '../../ports/transcoder.ts';
import { begun, type Sendable } from './sendable.ts';

/** A longer file is sent as it is or not at all: to be converted it is held in memory. */
export const CONVERTED_BYTES_MAX = 256 * 2 ** 20;

/** An object in a DICOM file, and whose study it is of. */
export type FileObject = Sendable & { studyUid: string };

/**
 * What a file holds, read as far as its UIDs are.
 * @throws {Failure} parse/*, store/missing-uid; what reading the file throws
 */
export async function fileSendable(file: SourceFile, transcoder: Transcoder): Promise<FileObject> {
  const { head, sopClassUid, sopInstanceUid, studyUid } = await identityOf(file);
  const stored = head.transferSyntaxUid;
  const dataSet = (): AsyncGenerator<Uint8Array> => cut(file.read(), head.dataSetOffset, Number.MAX_SAFE_INTEGER);
  return {
    sopClassUid,
    sopInstanceUid,
    transferSyntaxUid: stored,
    studyUid,
    open: async (wanted, signal) => {
      if (wanted === stored) return begun(dataSet());
      const source = await inMemory(file, dataSet(), syntaxOf(head));
      return begun(transcoder.transcode(source, stored, wanted, signal));
    },
  };
}

type Identity = { head: FileHead; sopClassUid: string; sopInstanceUid: string; studyUid: string };

/** As the data set says: the receiver holds the request against it. */
async function identityOf(file: SourceFile): Promise<Identity> {
  const head = await headOf(file);
  const syntax = syntaxOf(head);
  const tags: readonly number[] = [T.SOPClassUID, T.SOPInstanceUID, T.StudyInstanceUID];
  const reader = new DataSetReader({ syntax, keep: (tag) => tags.includes(tag), stopAtPixelData: true });
  const raw = cut(file.read(), head.dataSetOffset, Number.MAX_SAFE_INTEGER);
  for await (const chunk of syntax.deflated ? inflate(raw) : raw) {
    reader.push(chunk);
    if (reader.headerDone || reader.dataSet.elements.has(T.StudyInstanceUID)) break;
  }
  if (!reader.dataSet.elements.has(T.StudyInstanceUID)) reader.end();
  const uid = (tag: number): string => {
    const value = uidOf(reader.dataSet, tag);
    if (value === undefined) throw new Failure('store/missing-uid', 'a file whose object lacks a UID');
    return value;
  };
  return {
    head,
    sopClassUid: uid(T.SOPClassUID),
    sopInstanceUid: uid(T.SOPInstanceUID),
    studyUid: uid(T.StudyInstanceUID),
  };
}

async function headOf(file: SourceFile): Promise<FileHead> {
  const parts: Uint8Array[] = [];
  let need = 0;
  let bytes = 0;
  for await (const part of file.read()) {
    parts.push(part);
    bytes += part.length;
    if (bytes < need) continue;
    const head = readFileHead(concat(parts), bytes >= file.sizeBytes);
    if (!('need' in head)) return head;
    need = head.need;
  }
  const head = readFileHead(concat(parts), true);
  if ('need' in head) throw new Failure('parse/truncated', 'ends before its data set');
  return head;
}

function syntaxOf({ transferSyntaxUid }: FileHead): Readonly<TransferSyntax> {
  const syntax = findTransferSyntax(transferSyntaxUid);
  if (syntax === undefined) throw new Failure('store/unknown-transfer-syntax', 'of a file');
  return syntax;
}

async function inMemory(
  { sizeBytes }: SourceFile,
  raw: AsyncIterable<Uint8Array>,
  syntax: Readonly<TransferSyntax>,
): Promise<TranscodeSource> {
  if (sizeBytes > CONVERTED_BYTES_MAX) throw new Failure('parse/limit', `more than ${CONVERTED_BYTES_MAX} bytes`);
  const source = sourceOf(concat(await Array.fromAsync(syntax.deflated ? inflate(raw) : raw)));
  return {
    source,
    async *stream(offset) {
      yield source.read(offset, source.length - offset);
    },
  };
}
