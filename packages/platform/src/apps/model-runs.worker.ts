import process from 'node:process';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import { saidOf } from '@acervo/model/silent/said.ts';
import { INFERENCE_LIMITS, InferencePool } from '../adapters/onnx/pool.ts';
import { PIXEL_LIMITS, PixelPool } from '../adapters/pixel/pool.ts';
import { readImageFile } from '../features/models/images.ts';
import { runWithResults, taskTime } from '../features/models/results.ts';
import type { RunPorts } from '../features/models/run.ts';
import type { InputFile, ResultMarks, RunOutcome } from '../ports/inference-tasks.ts';
import type { FromRuns, ToRuns } from './model-runs.ts';

/** The process in which images become results, as `acervo model run` makes them; started by model-runs.ts. */
type Begun = { manifest: Manifest; model: Uint8Array; images: InputFile[]; ending: AbortController };

let ports: RunPorts | undefined;
const models = new Map<string, Uint8Array>();
const begun = new Map<number, Begun>();

process.on('message', (message: ToRuns) => heard(message));
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
      begun.set(message.id, { manifest: message.manifest, model, images: [], ending: new AbortController() });
      return;
    }
    case 'image':
      begun.get(message.id)?.images.push(message.image);
      return;
    case 'run':
      void answered(message.id, message.marks).then((answer) => process.send?.(answer));
      return;
    case 'abort': {
      const run = begun.get(message.id);
      run?.ending.abort(new Failure('model/failed', 'nobody waits for it'));
      // One that was not to run yet answers now.
      if (begun.delete(message.id) && run !== undefined && !running.has(message.id)) refuse(message.id);
    }
  }
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
  { manifest, model, images, ending }: Begun,
  of: RunPorts,
  marks: ResultMarks,
): Promise<RunOutcome> {
  const { createdAt, qualification, isSilent } = marks;
  const files = images.splice(0).map(({ sopInstanceUid, file }) => readImageFile(sopInstanceUid, file));
  const task = { made: taskTime(new Date(createdAt), files), qualification, isSilent };
  const { result, objects } = await runWithResults({ manifest, model }, files, task, of, ending.signal);
  if (result.status !== 'DONE') return result;
  const said = saidOf(manifest, result.outputs, result.decisions);
  return { status: 'DONE', objects, said, runMs: result.runMs };
}
