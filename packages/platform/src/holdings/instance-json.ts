import { chooseCharset } from '@acervo/dicom/charset/choose.ts';
import { readTerms } from '@acervo/dicom/charset/terms.ts';
import { textElement } from '@acervo/dicom/data-set/build.ts';
import type { DataSet, Tag } from '@acervo/dicom/data-set/model.ts';
import { DataSetReader, type Read, type ReadOptions } from '@acervo/dicom/data-set/read.ts';
import { HEAD_BYTES_MAX } from '@acervo/dicom/json/alike-json.ts';
import { type JsonOptions, toDicomJsonText } from '@acervo/dicom/json/to-json.ts';
import { tagText } from '@acervo/dicom/tag.ts';
import { T } from '@acervo/dicom/tags.ts';
import { toFailure } from '@acervo/kernel/failure.ts';
import type { Log } from '../ports/log.ts';
import type { HeldInstance } from './find.repo.ts';
import { textsOf } from './index-facts.ts';
import type { SegmentFiles } from './segment-files.ts';
import { storedDataSet } from './stored-data-set.ts';

/** Binary values up to this length stand in the metadata, longer ones behind an address: a palette of 8 bits fits. */
const INLINE_BYTES_MAX = 1024;
/** Texts and numbers up to this length stand in the metadata. */
const VALUE_BYTES_MAX = HEAD_BYTES_MAX;

const READ: Omit<ReadOptions, 'syntax'> = { valueBytesMax: VALUE_BYTES_MAX };

export type JsonPorts = { files: SegmentFiles; log: Log };

/** The address of an instance below its institution's root, which stays right whoever else holds the study. */
export function instanceUrl(base: string, institution: string, of: HeldInstance): string {
  const { studyUid, seriesUid, sopUid } = of;
  return `${base}/dicom-web/i/${institution}/studies/${studyUid}/series/${seriesUid}/instances/${sopUid}`;
}

/** `tag/item/tag` as a URL's path: what a BulkDataURI ends with, e.g. 00880200/0/7FE00010. */
export function bulkDataPath(path: readonly number[]): string {
  return path.map((step, index) => (index % 2 === 0 ? tagText(step) : String(step))).join('/');
}

/** DICOM JSON of an instance; `isWhole` is false when its header could not be read to the end. */
export type InstanceJson = { text: string; isWhole: boolean };

/**
 * The header of a stored instance in the DICOM JSON model (PS3.18 F.2), bulk data behind addresses.
 *
 * Never fails for what stands in the pack: of a header that cannot be read, what could be stands there, and
 * the UIDs that the index knows, so that one bad object does not hide its series.
 *
 * @param url  of the instance: BulkDataURIs begin with it
 */
export async function readInstanceJsonText(
  ports: JsonPorts,
  instance: HeldInstance,
  url: string,
): Promise<InstanceJson> {
  const { dataSet, isWhole } = await readHeader(ports, instance);
  return { text: toDicomJsonText(dataSet, jsonOptions(dataSet, instance, bulkDataBelow(url))), isWhole };
}

/** Addresses of bulk data below that of their instance. */
export const bulkDataBelow =
  (url: string) =>
  (path: readonly number[]): string =>
    `${url}/bulkdata/${bulkDataPath(path)}`;

/** Paths of the values that the metadata of an instance has behind addresses, and the header they stand in. */
export type BulkValues = { dataSet: DataSet; paths: number[][] };

/** What BulkDataURIs lead to, in the order of the metadata. */
export async function listBulkValues({ files, log }: JsonPorts, instance: HeldInstance): Promise<BulkValues> {
  const { dataSet } = await readHeader({ files, log }, instance);
  const paths: number[][] = [];
  const options = jsonOptions(dataSet, instance, (path) => {
    paths.push([...path]);
    return '';
  });
  toDicomJsonText(dataSet, options);
  return { dataSet, paths };
}

/** Instances that are being read at once: while one waits for the disk another is parsed. */
const AHEAD_MAX = 8;

/** `work` on every input, a few at once; the results in the order of the inputs. */
export async function mapAhead<In, Out>(inputs: readonly In[], work: (input: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  const entries = inputs.entries();
  const worker = async (): Promise<void> => {
    for (const [index, input] of entries) results[index] = await work(input);
  };
  await Promise.all(Array.from({ length: Math.min(AHEAD_MAX, inputs.length) }, worker));
  return results;
}

/** How the header of an instance is shown. */
export function jsonOptions(
  dataSet: DataSet,
  { charsetDefault }: HeldInstance,
  bulkDataUri: (path: readonly number[]) => string,
): JsonOptions {
  const { charset } = chooseCharset(
    readTerms(dataSet.elements.get(T.SpecificCharacterSet)?.value),
    textsOf(dataSet),
    charsetDefault === '' ? undefined : charsetDefault,
  );
  return { charset, bulkDataUri, inlineBytesMax: INLINE_BYTES_MAX };
}

/** The header of an instance, or of one that cannot be read, what could be: then `isWhole` is false. */
export async function readHeader(
  { files, log }: JsonPorts,
  instance: HeldInstance,
): Promise<Pick<Read, 'dataSet' | 'marks'> & { isWhole: boolean }> {
  try {
    const { dataSet, marks } = await storedDataSet(files, instance).read(READ);
    return { dataSet, marks, isWhole: true };
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    if (!isOfTheBytes(code)) throw thrown;
    log.warn('metadata.unreadable', { segment: instance.segment, at: instance.fileAt, code, detail });
    const { dataSet, marks } = await readWhatIsThere(files, instance);
    return { dataSet: withUids(dataSet, instance), marks: new Set([...marks, 'truncated']), isWhole: false };
  }
}

const isOfTheBytes = (code: string): boolean => code.startsWith('parse/') || code === 'retrieve/damaged';

/** The elements up to where reading fails. */
async function readWhatIsThere(files: SegmentFiles, instance: HeldInstance): Promise<DataSetReader> {
  const { stream, syntax } = storedDataSet(files, instance);
  const reader = new DataSetReader({ ...READ, syntax, stopAtPixelData: true });
  try {
    for await (const chunk of stream(0)) {
      reader.push(chunk);
      if (reader.headerDone) break;
    }
    reader.end();
  } catch (thrown) {
    // It has failed before and was logged: what was read until here is what there is.
    if (!isOfTheBytes(toFailure(thrown).code)) throw thrown;
  }
  return reader;
}

function withUids(dataSet: DataSet, of: HeldInstance): DataSet {
  const uids: [Tag, string][] = [
    [T.SOPClassUID, of.sopClassUid],
    [T.SOPInstanceUID, of.sopUid],
    [T.StudyInstanceUID, of.studyUid],
    [T.SeriesInstanceUID, of.seriesUid],
  ];
  const elements = new Map(dataSet.elements);
  for (const [tag, uid] of uids) if (!elements.has(tag)) elements.set(tag, textElement(tag, 'UI', uid));
  return { elements, littleEndian: dataSet.littleEndian };
}
