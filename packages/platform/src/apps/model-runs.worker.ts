import process from 'node:process';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import { saidOf } from '@acervo/model/silent/said.ts';
import { INFERENCE_LIMITS, InferencePool } from '../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../adapters/pixel/pool.ts';
import { type ImageFile, readImageFile } from '../features/models/images.ts';
import { runWithResults, taskTime } from '../features/models/results.ts';
import type { RunPorts } from '../features/models/run.ts';
import type { ResultMarks, RunOutcome } from '../ports/inference-tasks.ts';
import { IMAGE_FD, readImages } from './image-pipe.ts';
import type { FromRuns, ToRuns } from './model-runs.ts';

/** The process in which images become results, as `acervo model run` makes them; started by model-runs.ts. */
type Begun = {
  manifest: Manifest;
  model: Uint8Array;
  images: ImageFile[];
  /** Images that came, those that are none with them. */
  came: number;
  failure?: Failure;
  ending: AbortController;
  asked?: { images: number; marks: ResultMarks };
};

let ports: RunPorts | undefined;
const models = new Map<string, Uint8Array>();
const begun = new Map<number, Begun>();

process.on('message', (message: ToRuns) => heard(message));
void readImages(IMAGE_FD, take);
// Nobody waits for it any more. The processes of models end with it.
process.once('disconnect', () => process.exit());

function heard(message: ToRuns): void {
  switch (message.kind) {
    case 'open':
      ports = {
        imaging: new PixelPool({ ...PIXEL_LIMITS, workers: 1, kept: 0 }),
        inference: new InferencePool({ ...INFERENCE_LIMITS, ...message.settings }),
      };
      return;
    case 'model':
      if (message.bytes === undefined) models.delete(message.sha256);
      else models.set(message.sha256, message.bytes);
      return;
    case 'begin': {
      const model = models.get(message.manifest.artifact.sha256) ?? new Uint8Array();
      const { id, manifest } = message;
      begun.set(id, { manifest, model, images: [], came: 0, ending: new AbortController() });
      process.send?.({ id, isBegun: true } satisfies FromRuns);
      return;
    }
    case 'run': {
      const { id, images, marks } = message;
      const run = begun.get(id);
      if (run === undefined) return;
      run.asked = { images, marks };
      startWhenWhole(id, run);
      return;
    }
    case 'abort': {
      const run = begun.get(message.id);
      run?.ending.abort(new Failure('model/failed', 'nobody waits for it'));
      // One that was not to run yet answers now.
      if (begun.delete(message.id) && run !== undefined && !running.has(message.id)) refuse(message.id);
    }
  }
}

/** Read while the next one comes. Of a run that nobody wants any more it is dropped. */
function take(id: number, sopInstanceUid: string, file: Uint8Array): void {
  const run = begun.get(id);
  if (run === undefined) return;
  run.came += 1;
  try {
    if (run.failure === undefined) run.images.push(readImageFile(sopInstanceUid, file));
  } catch (thrown) {
    run.failure = toFailure(thrown);
  }
  startWhenWhole(id, run);
}

function startWhenWhole(id: number, { asked, came }: Begun): void {
  if (asked?.images === came) void answered(id, asked.marks).then((answer) => process.send?.(answer));
}

const running = new Set<number>();

const refuse = (id: number): boolean | undefined =>
  process.send?.({ id, code: 'model/failed', detail: 'nobody waits for it' } satisfies FromRuns);

async function answered(id: number, marks: ResultMarks): Promise<FromRuns> {
  const run = begun.get(id);
  running.add(id);
  try {
    if (run === undefined || ports === undefined) throw new Failure('model/failed', 'nobody waits for it');
    return { id, outcome: await outcomeOf(run, ports, marks) };
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    return { id, code, detail };
  } finally {
    begun.delete(id);
    running.delete(id);
  }
}

async function outcomeOf(
  { manifest, model, images, ending, failure }: Begun,
  of: RunPorts,
  marks: ResultMarks,
): Promise<RunOutcome> {
  const { createdAt, qualification, isSilent } = marks;
  if (failure !== undefined) throw failure;
  const files = images.splice(0);
  const task = { made: taskTime(new Date(createdAt), files), qualification, isSilent };
  const { result, objects } = await runWithResults({ manifest, model }, files, task, of, ending.signal);
  if (result.status !== 'DONE') return result;
  const said = saidOf(manifest, result.outputs, result.decisions);
  return { status: 'DONE', objects, said, runMs: result.runMs };
}
