import { textsOf, uidOf } from '@acervo/dicom/data-set/access.ts';
import { T } from '@acervo/dicom/tags.ts';
import { OPS_VERSION } from '@acervo/model/ops/pipeline.ts';
import { makeResults } from '@acervo/model/results/make.ts';
import type { Qualification, ResultObject, SourceImage } from '@acervo/model/results/result.ts';
import type { ImageFile } from './images.ts';
import { computeRun, type OpenModel, type RunPorts, type RunResult } from './run.ts';

/** Of the task: when it was (DA, TM), and of what stage its results are. */
export type Task = { made: { date: string; time: string }; qualification: Qualification };

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
  const run = { manifest: of.manifest, operations: OPS_VERSION, images: sources, outputs, decisions, grid, ...task };
  return { result, objects: await makeResults(run) };
}

const sourceImage = ({ dataSet, sopInstanceUid, seriesUid }: ImageFile, dataSetSha256: string): SourceImage => ({
  dataSet,
  sopClassUid: uidOf(dataSet, T.SOPClassUID) ?? '',
  sopInstanceUid,
  seriesUid,
  dataSetSha256,
});

const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

/**
 * An instant as DA and TM in the time of the first image, whose Timezone Offset From UTC (0008,0201) counts for all
 * dates of an object (PS3.3 C.12.1); where it says none, in the time of this machine.
 */
export function taskTime(at: Date, images: readonly ImageFile[]): Task['made'] {
  const [offset] = textsOf(images[0]?.dataSet.elements.get(T.TimezoneOffsetFromUTC));
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(offset ?? '') ?? [];
  const east = (Number(hours) * HOUR_MINUTES + Number(minutes)) * (sign === '-' ? -1 : 1);
  const shifted = new Date(at.getTime() + (sign === undefined ? -at.getTimezoneOffset() : east) * MINUTE_MS);
  const digits = shifted.toISOString().replaceAll(/\D/g, '');
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) };
}
