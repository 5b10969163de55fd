import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { GoldenCase, Manifest, ManifestInput } from '@acervo/model/manifest/manifest.ts';
import { type OutOfScope, selectedImages } from '@acervo/model/manifest/select.ts';
import type { DecodedFrame } from '@acervo/model/ops/image.ts';
import { type Tensor, tensorBytes } from '@acervo/model/ops/layout.ts';
import { type Grid, OPS_VERSION, runPipeline } from '@acervo/model/ops/pipeline.ts';
import type { Decision } from '@acervo/model/results/result.ts';
import type { Imaging } from '../../ports/imaging.ts';
import type { Inference, NamedTensors } from '../../ports/inference.ts';
import type { GoldenOutcome } from '../../ports/models.ts';
import { decodedFrame, type ImageFile } from './images.ts';
import { sha256Of } from './intake.ts';

/** A model that passed the intake. */
export type OpenModel = { manifest: Manifest; model: Uint8Array };
export type RunPorts = { imaging: Imaging; inference: Inference };

/** What it takes to say later who computed what from which bytes. */
type Provenance = {
  model: string;
  modelSha256: string;
  operations: string;
  inputs: { file: string; sopInstanceUid: string; dataSetSha256: string }[];
};

export type DoneResult = {
  status: 'DONE';
  provenance: Provenance;
  tensorSha256: string;
  tensorDims: readonly number[];
  outputs: { [name: string]: readonly number[] };
  /** Of scores: after calibration, against each operating point. */
  decisions: Decision[];
  runMs: number;
};

export type RunResult = { status: 'NOT_APPLICABLE'; rule: string; reason: string } | DoneResult;

/**
 * Run a model on files: the images that its manifest selects become a tensor, the tensor its outputs. Images outside of
 * its scope, or that its operations refuse, are an answer, not a failure.
 * @throws {Failure} pixel/..., model/operation, model/tensor, model/failed, model/time, model/memory
 */
export async function runModel(
  of: OpenModel,
  files: readonly ImageFile[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<RunResult> {
  return (await computeRun(of, files, ports, signal)).result;
}

/** A run with what its objects are made of. */
export type Computed =
  | { result: RunResult & { status: 'NOT_APPLICABLE' } }
  | { result: DoneResult; images: readonly ImageFile[]; grid: Grid };

/** As `runModel`. */
export async function computeRun(
  of: OpenModel,
  files: readonly ImageFile[],
  ports: RunPorts,
  signal: AbortSignal,
): Promise<Computed> {
  const { manifest, model } = of;
  const [input] = manifest.inputs as readonly [ManifestInput];
  const images = selectedImages(input.select, files);
  if ('rule' in images) return { result: { status: 'NOT_APPLICABLE', ...images } };
  const prepared = await tensorFor(input, images, ports.imaging, signal);
  if ('rule' in prepared) return { result: { status: 'NOT_APPLICABLE', ...prepared } };
  const { tensor, grid } = prepared;
  const { resources, artifact } = manifest;
  const runnable = { digest: artifact.sha256, bytes: model, ...resources };
  const running = ports.inference.run(runnable, { [input.name]: tensor }, signal);
  // Meanwhile: the model has a process of its own.
  const provenance = provenanceOf(manifest, images);
  const tensorSha256 = sha256Of(tensorBytes(tensor));
  const { outputs, runMs } = await running;
  const values = valuesOf(manifest, outputs);
  const result: DoneResult = {
    status: 'DONE',
    provenance,
    tensorSha256,
    tensorDims: tensor.dims,
    outputs: values,
    decisions: decisionsOf(manifest, values),
    runMs,
  };
  return { result, images, grid };
}

function provenanceOf({ id, version, artifact }: Manifest, images: readonly ImageFile[]): Provenance {
  return {
    model: `${id}@${version}`,
    modelSha256: artifact.sha256,
    operations: OPS_VERSION,
    inputs: images.map(({ name, sopInstanceUid, bytes }) => ({
      file: name,
      sopInstanceUid,
      dataSetSha256: sha256Of(bytes),
    })),
  };
}

async function tensorFor(
  input: ManifestInput,
  images: readonly ImageFile[],
  imaging: Imaging,
  signal: AbortSignal,
): Promise<{ tensor: Tensor; grid: Grid } | OutOfScope> {
  try {
    const frames: DecodedFrame[] = [];
    for (const image of images) frames.push(await decodedFrame(image, imaging, signal));
    const prepared = runPipeline(input.pipeline, frames);
    checkTensor(input, prepared.tensor);
    return prepared;
  } catch (thrown) {
    const failure = toFailure(thrown);
    if (failure.code !== 'model/not-applicable') throw failure;
    const [rule = '', ...reason] = failure.detail.split(': ');
    return { rule, reason: reason.join(': ') };
  }
}

/** The pipeline must give what the manifest says that the model takes. */
function checkTensor({ monai, name }: ManifestInput, { dims }: Tensor): void {
  const { num_channels: channels, spatial_shape: shape } = monai;
  const told = [[1, channels, ...shape].join('x'), [1, ...shape, channels].join('x')];
  if (told.includes(dims.join('x'))) return;
  throw new Failure('model/tensor', `input ${name}: ${dims.join('x')}, the manifest says ${told.join(' or ')}`);
}

function valuesOf({ outputs }: Manifest, found: NamedTensors): { [name: string]: readonly number[] } {
  const entries = outputs.map(({ name, kind }) => {
    const tensor = found[name];
    if (tensor === undefined) throw new Failure('model/tensor', `no output ${name}`);
    const values = Array.from(tensor.data);
    if (!values.every(Number.isFinite)) throw new Failure('model/tensor', `output ${name} is no finite number`);
    if (kind === 'score' && values.length !== 1)
      throw new Failure('model/tensor', `score ${name}: ${values.length} values`);
    return [name, values] as const;
  });
  return Object.fromEntries(entries);
}

function decisionsOf({ outputs }: Manifest, values: { [name: string]: readonly number[] }): Decision[] {
  return outputs.flatMap(({ name, kind, calibration, operatingPoints = [], abstain }) => {
    if (kind !== 'score') return [];
    const score = calibrated(values[name]?.[0] as number, calibration);
    const abstains = abstain !== undefined && score >= abstain.low && score < abstain.high;
    return operatingPoints.map(({ id, threshold }) => ({
      output: name,
      score,
      operatingPoint: id,
      threshold,
      isPositive: score >= threshold,
      abstains,
    }));
  });
}

/** Platt: a logistic curve over the logit of the score; a = 1, b = 0 leaves it as it is. */
function calibrated(score: number, calibration: { a: number; b: number } | undefined): number {
  if (calibration === undefined || (calibration.a === 1 && calibration.b === 0)) return score;
  const logit = Math.log(score / (1 - score));
  return 1 / (1 + Math.exp(-(calibration.a * logit + calibration.b)));
}

/** Run every golden case of a package: the tensor to the bit, the outputs within their tolerance. */
export async function runGolden(
  of: OpenModel,
  readImages: (golden: GoldenCase) => Promise<ImageFile[]>,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<GoldenOutcome[]> {
  const outcomes: GoldenOutcome[] = [];
  for (const [index, golden] of of.manifest.golden.entries()) {
    const result = await runModel(of, await readImages(golden), ports, signal);
    outcomes.push({ case: index, ...compared(golden, result) });
  }
  return outcomes;
}

function compared(golden: GoldenCase, result: RunResult): Omit<GoldenOutcome, 'case'> {
  const failed = (what: string, largestDifference = Number.MAX_VALUE) => ({
    isReproduced: false,
    what,
    largestDifference,
  });
  if (result.status !== 'DONE') return failed(`not applicable by ${result.rule}`);
  if (result.tensorSha256 !== golden.tensorSha256) return failed(`the tensor is another one: ${result.tensorSha256}`);
  let largest = 0;
  for (const [name, expected] of Object.entries(golden.expect)) {
    const found = result.outputs[name] ?? [];
    if (found.length !== expected.length) return failed(`output ${name}: ${found.length} values`);
    for (const [index, value] of found.entries())
      largest = Math.max(largest, Math.abs(value - (expected[index] as number)));
  }
  if (largest > golden.tolOut) return failed(`outputs differ by ${largest}`, largest);
  return { isReproduced: true, what: 'reproduced', largestDifference: largest };
}
