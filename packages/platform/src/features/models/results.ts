import { textsOf, uidOf } from '@acervo/dicom/data-set/access.ts';
import { T } from '@acervo/dicom/tags.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { OPS_VERSION } from '@acervo/model/ops/pipeline.ts';
import { madeAt } from '@acervo/model/results/made.ts';
import { makeResults } from '@acervo/model/results/make.ts';
import type { Qualification, ResultObject, SourceImage } from '@acervo/model/results/result.ts';
import type { ImageFile } from './images.ts';
import { computeRun, type OpenModel, type RunPorts, type RunResult } from './run.ts';

/** Of the task: when it was (DA, TM), and of what stage its results are. */
export type Task = {
  made: { date: string; time: string };
  qualification: Qualification;
  /** Whether objects can be made may depend on what was found (a mask with no place): then there are none. */
  isSilent?: boolean;
};

export type RunWithResults = { result: RunResult; objects: readonly ResultObject[] };

/**
 * Run a model on files, and make the DICOM objects of what it says; none where it is not applicable.
 * @throws {Failure} as `runModel` and `makeResults`
 */
export async function runWithResults(
  of: OpenModel,
  files: readonly ImageFile[],
  task: Task,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<RunWithResults> {
  const computed = await computeRun(of, files, ports, signal);
  if (!('images' in computed)) return { result: computed.result, objects: [] };
  const { result, images, grid } = computed;
  const { outputs, decisions } = result;
  const digests = result.provenance.inputs.map(({ dataSetSha256 }) => dataSetSha256);
  const sources = images.map((image, index) => sourceImage(image, digests[index] as string));
  const { made, qualification, isSilent = false } = task;
  const marks = { grid, made, qualification };
  const run = { manifest: of.manifest, operations: OPS_VERSION, images: sources, outputs, decisions, ...marks };
  const objects = makeResults(run);
  return { result, objects: await (isSilent ? objects.catch(noneOf) : objects) };
}

function noneOf(thrown: unknown): ResultObject[] {
  if (thrown instanceof Failure) return [];
  throw thrown;
}

const sourceImage = ({ dataSet, sopInstanceUid, seriesUid }: ImageFile, dataSetSha256: string): SourceImage => ({
  dataSet,
  sopClassUid: uidOf(dataSet, T.SOPClassUID) ?? '',
  sopInstanceUid,
  seriesUid,
  dataSetSha256,
});

/** When a task was, in the time of its first image. */
export const taskTime = (at: Date, images: readonly ImageFile[]): Task['made'] =>
  madeAt(at, textsOf(images[0]?.dataSet.elements.get(T.TimezoneOffsetFromUTC))[0]);
