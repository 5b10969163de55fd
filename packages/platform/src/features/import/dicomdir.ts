import { itemsOf, textsOf } from '@acervo/dicom/data-set/access.ts';
import { readDataSet } from '@acervo/dicom/data-set/read.ts';
import { readFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { findTransferSyntax } from '@acervo/dicom/transfer-syntax.ts';
import { concat } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import type { SourceFile } from '../../ports/source-file.ts';

/** Media Storage Directory Storage (PS3.4 B.5, PS3.10 8.6). */
const MEDIA_STORAGE_DIRECTORY = '1.2.840.10008.1.3.10';
/** A DICOMDIR of a million images is smaller. */
const DIRECTORY_BYTES_MAX = 1024 * 2 ** 20;
/** PS3.10 8.2: a File ID has up to 8 components. */
const COMPONENTS_MAX = 8;

/** Whether the first bytes of a file are those of a DICOMDIR. */
export function isDicomdir(first: Uint8Array): boolean {
  const head = headOf(first);
  return head?.mediaStorageSopClassUid === MEDIA_STORAGE_DIRECTORY;
}

function headOf(bytes: Uint8Array): ReturnType<typeof headOrNeed> {
  try {
    return headOrNeed(bytes);
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined; // Storing it will say what is wrong with it.
    throw thrown;
  }
}

function headOrNeed(bytes: Uint8Array) {
  const head = readFileHead(bytes, true);
  return 'need' in head ? undefined : head;
}

/**
 * Referenced File IDs (0004,1500) of every directory record, as path components. Records are items of one
 * sequence; their order and offsets say a hierarchy that an import does not need (PS3.3 F.3.2.2).
 * @throws {Failure} parse/*
 */
export async function referencedFiles(file: SourceFile): Promise<string[][]> {
  const bytes = await wholeOf(file);
  const head = headOf(bytes);
  const syntax = findTransferSyntax(head?.transferSyntaxUid ?? '');
  if (head === undefined || syntax === undefined || syntax.deflated)
    throw new Failure('parse/malformed', 'no readable DICOMDIR');
  const { dataSet } = readDataSet(bytes.subarray(head.dataSetOffset), { syntax });
  return itemsOf(dataSet, T.DirectoryRecordSequence)
    .map((record) => textsOf(record.elements.get(T.ReferencedFileID)))
    .filter((components) => components.length > 0);
}

/** A File ID leads below the folder of its DICOMDIR, never out of it. */
export function isFileId(components: readonly string[]): boolean {
  return (
    components.length <= COMPONENTS_MAX &&
    components.every(
      (component) => component !== '' && component !== '.' && component !== '..' && !/[/\\\0]/.test(component),
    )
  );
}

async function wholeOf(file: SourceFile): Promise<Uint8Array> {
  if (file.sizeBytes > DIRECTORY_BYTES_MAX) throw new Failure('parse/limit', `DICOMDIR of ${file.sizeBytes} bytes`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of file.read()) chunks.push(chunk);
  return concat(chunks);
}
