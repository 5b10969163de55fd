import { setImmediate as turn } from 'node:timers/promises';
import { AlikeJson, HEAD_BYTES_MAX } from '@acervo/dicom/json/alike-json.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import type { HeldInstance } from './find.repo.ts';
import { bulkDataBelow, instanceUrl, type JsonPorts, jsonOptions, readHeader } from './instance-json.ts';
import type { SegmentFiles } from './segment-files.ts';
import { storedDataSet } from './stored-data-set.ts';

/** Heads that are read at once: where they are not in memory, the disk has several to do. */
const AHEAD_MAX = 8;
/** So much is read of the first head; of further ones, what the one before had and a little more. */
const HEAD_BYTES = 8 * 1024;
const SLACK_BYTES = 512;
const NOTHING = new Uint8Array(0);

/** JSON objects with commas between them, in UTF-8; `isWhole` is false when a header could not be read to its end. */
export type SliceJson = { text: Uint8Array; isWhole: boolean };

/**
 * The DICOM JSON of some instances of a series, as `readInstanceJsonText` makes it of each: headers like the one
 * before are not parsed.
 * @param base  scheme and authority: what BulkDataURIs begin with
 */
export async function readSliceJson(
  ports: JsonPorts,
  instances: readonly HeldInstance[],
  institution: string,
  base: string,
): Promise<SliceJson> {
  // What is in memory is read in place, so nobody else would have a turn until the last slice is done.
  await turn();
  const json = new AlikeJson();
  let isWhole = true;
  let headBytes = HEAD_BYTES;
  for (let first = 0; first < instances.length; first += AHEAD_MAX) {
    const some = instances.slice(first, first + AHEAD_MAX);
    const heads = await Promise.all(some.map((instance) => readHead(ports.files, instance, headBytes)));
    for (const [index, instance] of some.entries()) {
      const head = heads[index] ?? NOTHING;
      const { dataSetBytes } = instance;
      const { syntax: encoding } = storedDataSet(ports.files, instance);
      const bulkDataUri = bulkDataBelow(instanceUrl(base, institution, instance));
      if (!encoding.deflated && json.appendAlike(head, { encoding, dataSetBytes }, bulkDataUri)) continue;
      const { dataSet, marks, isWhole: isRead } = await readHeader(ports, instance);
      isWhole &&= isRead;
      const options = jsonOptions(dataSet, instance, bulkDataUri);
      const wanted = json.append(dataSet, { encoding, marks, dataSetBytes }, options);
      if (wanted === 0 || encoding.deflated) continue;
      headBytes = Math.min(wanted + SLACK_BYTES, HEAD_BYTES_MAX);
      json.keep(wanted <= head.length ? head : await readHead(ports.files, instance, wanted));
    }
  }
  return { text: json.take(), isWhole };
}

/** The first bytes of a data set as it lies there; none where it cannot be read: who reads it whole finds that, too. */
async function readHead(files: SegmentFiles, of: HeldInstance, bytesMax: number): Promise<Uint8Array> {
  const into = Buffer.allocUnsafe(Math.min(bytesMax, of.dataSetBytes));
  try {
    const bytes = await files.using(of.segment, (reader) => reader.fill(into, of.dataSetAt));
    return into.subarray(0, bytes);
  } catch (thrown) {
    if (toFailure(thrown).code !== 'retrieve/damaged') throw thrown;
    return NOTHING;
  }
}
