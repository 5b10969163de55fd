import { toExplicitLittleEndian } from '@acervo/dicom/data-set/convert.ts';
import { IMPLEMENTATION_VERSION_NAME, writeFileHead } from '@acervo/dicom/part10.ts';
import { T } from '@acervo/dicom/tags.ts';
import { EXPLICIT_LE } from '@acervo/dicom/transfer-syntax.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import { etagOf } from '../../bindings/representation.ts';
import type { HeldInstance } from '../../holdings/find.repo.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { SegmentFiles } from '../../holdings/segment-files.ts';
import { cut, type StoredDataSet, storedDataSet } from '../../holdings/stored-data-set.ts';
import type { Op } from '../../ports/op.ts';
import type { Transcoder } from '../../ports/transcoder.ts';
import { lendable, type Payload } from './answer.ts';

/** A file of an instance, and what names it. */
export type InstancePayload = Payload & { etag: string };

/**
 * The file of an instance in a transfer syntax: its own, then the stored bytes, or another one that can be made of it.
 *
 * DEVIATION from PS3.18 8.7.3: an instance that cannot be converted, because its data set is malformed, goes
 * out as stored and says so in its Content-Type, rather than missing from its study.
 */
export async function instancePayload(
  { files, transcoder }: Pick<Holdings, 'files' | 'transcoder'>,
  op: Op,
  instance: HeldInstance,
  transferSyntaxUid: string | undefined,
): Promise<InstancePayload> {
  if (transferSyntaxUid === undefined || transferSyntaxUid === instance.transferSyntaxUid) {
    return storedFile(files, instance);
  }
  const dataSet = storedDataSet(files, instance);
  try {
    if (transferSyntaxUid !== EXPLICIT_LE || dataSet.syntax.encapsulated) {
      return await transcodedFile(transcoder, dataSet, instance, transferSyntaxUid, op);
    }
    const obstacle = dataSet.syntax.deflated ? undefined : await obstacleTo(dataSet);
    if (obstacle === undefined) return convertedFile(dataSet, instance, await lengthIfDeflated(dataSet));
    op.log.warn('instance.unconvertible', {
      op: op.id,
      segment: instance.segment,
      at: instance.fileAt,
      detail: obstacle,
    });
  } catch (thrown) {
    const { code } = toFailure(thrown);
    if (!code.startsWith('parse/') && !(code.startsWith('pixel/') && code !== 'pixel/busy')) throw thrown;
    op.log.warn('instance.unconvertible', { op: op.id, segment: instance.segment, at: instance.fileAt, detail: code });
  }
  return storedFile(files, instance);
}

const contentTypeOf = (transferSyntaxUid: string): string => `application/dicom; transfer-syntax=${transferSyntaxUid}`;

function storedFile(
  files: SegmentFiles,
  { segment, fileAt, fileBytes, headBytes, digest, transferSyntaxUid }: HeldInstance,
): InstancePayload {
  return {
    contentType: contentTypeOf(transferSyntaxUid),
    // Version 0 is one file with one head, wherever a purge may move it.
    etag: etagOf('file', digest, transferSyntaxUid, headBytes),
    length: fileBytes,
    stream: (offset = 0, length = fileBytes - offset) => files.stream(segment, fileAt + offset, length),
    lend: lendable(fileBytes, (offset, length) => files.lend(segment, fileAt + offset, length)),
  };
}

/**
 * New File Meta Information and the data set in another transfer syntax. The first piece is made at once: it tells
 * whether the pixels can be decoded, while the stored bytes can still go out instead.
 */
async function transcodedFile(
  transcoder: Transcoder,
  dataSet: StoredDataSet,
  of: HeldInstance,
  transferSyntaxUid: string,
  op: Op,
): Promise<InstancePayload> {
  const head = headOf(of, transferSyntaxUid);
  const make = () => transcoder.transcode(dataSet, of.transferSyntaxUid, transferSyntaxUid, op.signal);
  const pieces = make()[Symbol.asyncIterator]();
  const first = await pieces.next();
  async function* file(): AsyncGenerator<Uint8Array> {
    yield head;
    for (let next = first; next.done !== true; next = await pieces.next()) yield next.value;
  }
  return {
    contentType: contentTypeOf(transferSyntaxUid),
    etag: etagOf('file', of.digest, transferSyntaxUid, IMPLEMENTATION_VERSION_NAME),
    // Only making it tells, so there are no ranges: it is read once, from its beginning.
    length: undefined,
    stream: (offset = 0, length = Number.MAX_SAFE_INTEGER) => cut(file(), offset, length),
  };
}

const headOf = (of: HeldInstance, transferSyntaxUid: string): Uint8Array =>
  writeFileHead({ sopClassUid: of.sopClassUid, sopInstanceUid: of.sopUid, transferSyntaxUid });

/** New File Meta Information and the data set in Explicit VR Little Endian, in constant memory. */
function convertedFile(dataSet: StoredDataSet, of: HeldInstance, dataSetBytes: number | undefined): InstancePayload {
  const head = headOf(of, EXPLICIT_LE);
  return {
    contentType: contentTypeOf(EXPLICIT_LE),
    etag: etagOf('file', of.digest, EXPLICIT_LE, IMPLEMENTATION_VERSION_NAME),
    length: dataSetBytes === undefined ? undefined : head.length + dataSetBytes,
    stream: (offset = 0, length = Number.MAX_SAFE_INTEGER) => cut(fileOf(head, dataSet), offset, length),
  };
}

async function* fileOf(head: Uint8Array, dataSet: StoredDataSet): AsyncGenerator<Uint8Array> {
  yield head;
  yield* dataSet.syntax.deflated ? dataSet.stream(0) : toExplicitLittleEndian(dataSet.source, dataSet.syntax);
}

/** Inflating once to the end tells that it can be done before the first byte is sent, and the length. */
async function lengthIfDeflated(dataSet: StoredDataSet): Promise<number | undefined> {
  if (!dataSet.syntax.deflated) return undefined;
  let length = 0;
  for await (const chunk of dataSet.stream(0)) length += chunk.length;
  return length;
}

/** What would end a conversion in its midst. Walks over every element and reads no value. */
async function obstacleTo(dataSet: StoredDataSet): Promise<string | undefined> {
  const { dataSet: found, marks } = await dataSet.read({ valueBytesMax: 0 });
  const mark = (['truncated', 'garbage', 'depth'] as const).find((each) => marks.has(each));
  if (mark !== undefined) return `marked ${mark}`;
  return found.elements.get(T.PixelData)?.fragments === undefined ? undefined : 'encapsulated in a native syntax';
}
