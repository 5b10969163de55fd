import { type ChildProcess, fork } from 'node:child_process';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import type { Sandbox } from '../adapters/onnx/sandbox.ts';
import { usageOf } from '../adapters/onnx/usage.ts';
import type { Judge, Judgement, JudgeTask } from '../ports/models.ts';
import type { Config } from './config.ts';

const WORKER = fileURLToPath(new URL('./model-judge.worker.ts', import.meta.url));
const HEAP_MIB = 1024;
const WATCH_MS = 100;
/** A third of what stores and reads get, where they compete; lower, and a busy archive would judge nothing. */
const NICENESS = 5;
/** Beside the model: its documents, the pixels and tensors of one golden case. */
const BESIDE_MODEL_MIB = 3072;

export type JudgeSettings = { sandbox: Sandbox; memoryMiBMax: number };
export type ToJudge = { task: JudgeTask; settings: JudgeSettings };
export type FromJudge = { judgement: Judgement } | { code: FailureCode; detail: string };

/**
 * A process for each package, of low priority and bounded in time and memory. It reads and computes what a stranger
 * wrote; where that ends or stalls it, the package is refused, and the archive serves on.
 */
export function judgeProcess(config: Config): Judge {
  const { inferenceSandbox: sandbox, inferenceMemoryMib: memoryMiBMax, modelJudgeSeconds } = config;
  return {
    judge: async (task, signal) => {
      signal.throwIfAborted();
      const child = fork(WORKER, [], {
        execArgv: [`--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning'],
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      });
      lower(child);
      const bytesMax = (BESIDE_MODEL_MIB + config.modelPackageMib) * 2 ** 20;
      return judgedBy(child, { task, settings: { sandbox, memoryMiBMax } }, modelJudgeSeconds * 1000, bytesMax, signal);
    },
  };
}

async function judgedBy(
  child: ChildProcess,
  sent: ToJudge,
  msMax: number,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Judgement> {
  const { promise, resolve, reject } = Promise.withResolvers<Judgement>();
  const refuse = (code: FailureCode, what: string): void => {
    const findings = [{ code, where: '', what }];
    resolve({ findings, digest: undefined, files: [], manifest: undefined, signedBy: [], golden: [] });
  };
  const onAbort = (): void => reject(signal.reason);
  const timer = setTimeout(() => refuse('model/time', `not judged within ${msMax / 1000} s`), msMax);
  const watch = setInterval(() => {
    const { residentBytes = 0 } = usageOf(child.pid ?? 0) ?? {};
    if (residentBytes > bytesMax) refuse('model/memory', `judging took more than ${bytesMax} bytes`);
  }, WATCH_MS);
  signal.addEventListener('abort', onAbort, { once: true });
  child.once('message', (message: FromJudge) => {
    if ('judgement' in message) resolve(message.judgement);
    else reject(new Failure(message.code, message.detail));
  });
  child.once('error', (cause) => reject(new Failure('model/failed', 'the judge did not start', { cause })));
  child.once('exit', (code, by) => refuse('model/failed', `judging ended with ${by ?? code}`));
  try {
    child.send(sent, (error) => {
      if (error !== null) reject(new Failure('model/failed', 'the judge is gone', { cause: error }));
    });
    return await promise;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal.removeEventListener('abort', onAbort);
    // Its inference processes end with it.
    child.kill('SIGKILL');
  }
}

/** Whoever stores and reads comes first. */
function lower({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, NICENESS);
  } catch {
    // It has ended, and says so itself.
  }
}
