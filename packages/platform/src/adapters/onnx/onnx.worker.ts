import { readlinkSync } from 'node:fs';
import process from 'node:process';
import type { FailureCode } from '@acervo/kernel/failure.ts';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { NamedTensors } from '../../ports/inference.ts';
import { OUTPUT_VALUES_MAX, type WorkerReply, type WorkerTask } from './messages.ts';

/**
 * The process that runs one model: started by pool.ts within its limits. It reads its own program and nothing more, and
 * ends with its parent, whatever the model does.
 */
const OPTIONS: InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  // One thread, in order: the same tensor gives the same bits.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  enableCpuMemArena: false,
  logSeverityLevel: 4,
};

let session: InferenceSession | undefined;

process.on('message', (task: WorkerTask) => {
  void work(task).then(say);
});
say({ kind: 'ready', network: readlinkSync('/proc/self/ns/net') });

function say(reply: WorkerReply): void {
  process.send?.(reply);
}

async function work({ model, inputs }: WorkerTask): Promise<WorkerReply> {
  try {
    session ??= await InferenceSession.create(model ?? new Uint8Array(0), OPTIONS);
    const feeds = Object.entries(inputs).map(
      ([name, { dims, data }]) => [name, new Tensor('float32', data, dims)] as const,
    );
    const from = performance.now();
    const results = await session.run(Object.fromEntries(feeds));
    return { kind: 'done', outputs: read(results), runMs: performance.now() - from };
  } catch (thrown) {
    return refusal(thrown);
  }
}

function read(results: InferenceSession.OnnxValueMapType): NamedTensors {
  let values = 0;
  const outputs = Object.entries(results).map(([name, { type, dims, data }]) => {
    if (type !== 'float32' || !(data instanceof Float32Array)) throw new TypeError(`output ${name} is ${type}`);
    values += data.length;
    if (values > OUTPUT_VALUES_MAX) throw new RangeError('outputs of more values than the limit');
    return [name, { dims: [...dims], data }] as const;
  });
  return Object.fromEntries(outputs);
}

const NO_MEMORY = /bad_alloc|allocat|out of memory/i;

/** What the runtime says is about the model, never about a patient: it sees numbers only. */
function refusal(thrown: unknown): WorkerReply {
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  const code: FailureCode = NO_MEMORY.test(detail) ? 'model/memory' : 'model/failed';
  return { kind: 'failed', code, detail: detail.slice(0, 500) };
}
