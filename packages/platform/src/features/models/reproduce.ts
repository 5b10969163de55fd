import { itemsOf, textOf, uidOf } from '@acervo/dicom/data-set/access.ts';
import { firstDifference } from '@acervo/dicom/data-set/difference.ts';
import type { DataSet } from '@acervo/dicom/data-set/model.ts';
import { T } from '@acervo/dicom/tags.ts';
import { equalBytes } from '@acervo/kernel/bytes.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { SEGMENTATION_STORAGE } from '@acervo/model/results/result.ts';
import { type ImageFile, readImageFile } from './images.ts';
import { runWithResults, type Task } from './results.ts';
import type { OpenModel, RunPorts } from './run.ts';

export type Reproduction = { isSame: boolean; sopInstanceUid: string; what: string };

/**
 * Compute a result again, from the package and the images that it names, and hold it against its bytes. Its data set
 * counts: the head before it names the version of the archive that wrote it (decision 0005).
 * @throws {Failure} request/invalid for an object that is no result of this archive; as `runWithResults`
 */
export async function reproduce(
  object: ImageFile,
  of: OpenModel,
  files: readonly ImageFile[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Reproduction> {
  const { sopInstanceUid } = object;
  const answer = (isSame: boolean, what: string): Reproduction => ({ isSame, sopInstanceUid, what });
  const task = taskOf(object);
  const { result, objects } = await runWithResults(of, sourcesOf(object, files), task, ports, signal);
  if (result.status !== 'DONE') return answer(false, `not applicable by ${result.rule}: ${result.reason}`);
  const sopClassUid = uidOf(object.dataSet, T.SOPClassUID);
  const same = objects.find((each) => each.sopInstanceUid === sopInstanceUid);
  const made = same ?? objects.find((each) => each.sopClassUid === sopClassUid);
  if (made === undefined) return answer(false, 'the run makes no object of this SOP class');
  const again = readImageFile('', made.file);
  if (equalBytes(again.bytes, object.bytes)) return answer(true, `${object.bytes.length} bytes, every one the same`);
  return answer(
    false,
    firstDifference(object.dataSet, again.dataSet) ?? 'the encoding alone: lengths, order or padding',
  );
}

/** What the task was, as its object says. */
function taskOf({ dataSet }: ImageFile): Task {
  const text = (tag: number): string => textOf(dataSet.elements.get(tag));
  const qualification = text(T.ContentQualification);
  if (qualification !== 'RESEARCH' && qualification !== 'PRODUCT') {
    throw new Failure('request/invalid', 'no result: its Content Qualification (0018,9004) is neither of the two');
  }
  return { made: { date: text(T.ContentDate), time: text(T.ContentTime) }, qualification };
}

/** UIDs of the images that a result was made of, as it says. @throws {Failure} request/invalid where it names none */
export function imagesNamedBy(dataSet: DataSet): string[] {
  const evidence = itemsOf(dataSet, T.CurrentRequestedProcedureEvidenceSequence);
  const series = [dataSet, ...evidence].flatMap((each) => itemsOf(each, T.ReferencedSeriesSequence));
  const named = series
    .flatMap((each) => [...itemsOf(each, T.ReferencedSOPSequence), ...itemsOf(each, T.ReferencedInstanceSequence)])
    .filter((item) => uidOf(item, T.ReferencedSOPClassUID) !== SEGMENTATION_STORAGE)
    .map((item) => uidOf(item, T.ReferencedSOPInstanceUID) ?? '');
  if (named.length === 0) throw new Failure('request/invalid', 'it refers to no image');
  return named;
}

/**
 * The images that it was made of, of all that are there.
 * @throws {Failure} request/invalid where one is missing, or it names none
 */
function sourcesOf({ dataSet }: ImageFile, files: readonly ImageFile[]): ImageFile[] {
  const byUid = new Map(files.map((file) => [file.sopInstanceUid, file]));
  return imagesNamedBy(dataSet).map((uid) => {
    const file = byUid.get(uid);
    if (file === undefined) throw new Failure('request/invalid', `the image ${uid} is not there`);
    return file;
  });
}
