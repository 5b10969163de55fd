import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Failure } from '@acervo/kernel/failure.ts';
import type { Inferred, NamedTensors, RunnableModel } from '../../ports/inference.ts';
import type { WorkerReply, WorkerTask } from './messages.ts';
import { networkNamespace, type Sandbox, sandboxEnvironment, sandboxWords } from './sandbox.ts';
import { usageOf } from './usage.ts';

const WORKER = fileURLToPath(new URL('./onnx.worker.ts', import.meta.url));
/** Node and the runtime themselves, before any model. */
const BASE_MIB = 512;
const HEAP_MIB = 256;
const WATCH_MS = 50;
const START_MS_MAX = 30_000;

type Task = { resolve(of: Inferred): void; reject(reason: unknown): void };

/** One process that runs one model, one run at a time. */
export class InferenceProcess {
  /** Resolves when the process says that it is there and alone. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  /** Of the model that it has; it takes no other one. */
  digest: string | undefined;
  readonly #child: ChildProcess;
  #task: Task | undefined;
  /** Why it was ended by us. */
  #reason: Failure | undefined;

  /** @throws {Failure} model/no-sandbox */
  constructor(sandbox: Sandbox, memoryMiB: number) {
    const words = sandboxWords(sandbox, memoryMiB + BASE_MIB);
    const node = [
      process.execPath,
      `--max-old-space-size=${HEAP_MIB}`,
      '--disable-warning=ExperimentalWarning',
      WORKER,
    ];
    const [command = '', ...rest] = [...words, ...node];
    this.#child = spawn(command, rest, {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
      env: sandboxEnvironment(),
    });
    this.#child.on('error', () => {});
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        this.#settle(this.#reason ?? new Failure('model/failed', `process ended with ${signal ?? code}`));
        resolve();
      });
    });
    this.ready = this.#started(sandbox);
    // Whoever runs something waits for it; nobody else need.
    this.ready.catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @throws {Failure} model/failed, model/time, model/memory */
  async run(model: RunnableModel, inputs: NamedTensors, signal: AbortSignal): Promise<Inferred> {
    await this.ready;
    signal.throwIfAborted();
    const isNew = this.digest === undefined;
    this.digest = model.digest;
    const onAbort = (): void => {
      this.#settle(signal.reason);
      this.kill();
    };
    const watch = this.#watched(model);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await new Promise((resolve, reject) => {
        this.#task = { resolve, reject };
        const task: WorkerTask = { model: isNew ? model.bytes : undefined, inputs };
        this.#child.send(task, (error) => {
          if (error !== null) this.#settle(new Failure('model/failed', `process is gone: ${error.message}`));
        });
      });
    } finally {
      clearInterval(watch);
      signal.removeEventListener('abort', onAbort);
    }
  }

  kill(reason?: Failure): void {
    this.#reason ??= reason;
    // Whoever closes the pool waits until it is gone.
    this.#child.ref();
    this.#child.kill('SIGKILL');
  }

  async #started(sandbox: Sandbox): Promise<void> {
    const timer = setTimeout(() => this.kill(new Failure('model/failed', 'process did not start')), START_MS_MAX);
    const first = once(this.#child, 'message') as Promise<[WorkerReply]>;
    const reply = await Promise.race([first.then(([message]) => message), this.ended]);
    clearTimeout(timer);
    if (reply?.kind !== 'ready') throw this.#reason ?? new Failure('model/failed', 'process did not start');
    if (sandbox === 'required' && reply.network === networkNamespace()) {
      this.kill();
      throw new Failure('model/no-sandbox', 'the process sees the network of the archive');
    }
    this.#child.on('message', (message: WorkerReply) => this.#answered(message));
    // It must not keep the archive from ending.
    this.#child.unref();
    this.#child.channel?.unref();
  }

  #answered(reply: WorkerReply): void {
    if (reply.kind === 'ready') return;
    const task = this.#task;
    this.#task = undefined;
    if (reply.kind === 'done') return task?.resolve({ outputs: reply.outputs, runMs: reply.runMs });
    task?.reject(new Failure(reply.code, reply.detail));
    // What failed once may have left the runtime in any state.
    this.kill();
  }

  #settle(reason: unknown): void {
    this.#task?.reject(reason);
    this.#task = undefined;
  }

  /** Ends the process when the run takes longer, computes longer or holds more than its manifest says. */
  #watched({ deadlineMs, memoryMiB }: RunnableModel): NodeJS.Timeout {
    const { pid = 0 } = this;
    const from = performance.now();
    const { cpuMs = 0 } = usageOf(pid) ?? {};
    return setInterval(() => {
      const usage = usageOf(pid);
      if (performance.now() - from > deadlineMs) this.kill(new Failure('model/time', `more than ${deadlineMs} ms`));
      if (usage === undefined) return;
      if (usage.cpuMs - cpuMs > deadlineMs) this.kill(new Failure('model/time', `more than ${deadlineMs} ms of CPU`));
      if (usage.residentBytes > (memoryMiB + BASE_MIB) * 2 ** 20) {
        this.kill(new Failure('model/memory', `more than ${memoryMiB} MiB`));
      }
    }, WATCH_MS);
  }
}
