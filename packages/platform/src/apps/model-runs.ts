import { type ChildProcess, fork } from 'node:child_process';
import type { Socket } from 'node:net';
import { setPriority } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Failure, type FailureCode } from '@acervo/kernel/failure.ts';
import type { Manifest } from '@acervo/model/manifest/manifest.ts';
import type { Sandbox } from '../adapters/onnx/sandbox.ts';
import { usageOf } from '../adapters/onnx/usage.ts';
import type { InputFile, ResultMarks, RunOutcome } from '../ports/inference-tasks.ts';
import { type Config, environmentForImages } from './config.ts';
import { IMAGE_FD, writeImage } from './image-pipe.ts';

const WORKER = fileURLToPath(new URL('./model-runs.worker.ts', import.meta.url));
const HEAP_MIB = 2048;
const WATCH_MS = 100;
/** A third of what stores and reads get, where they compete. */
const NICENESS = 5;
/** Of an input there are the bytes, as many of samples, and values of 32 bits, two of them at a time. */
const TIMES_INPUT = 8;
const BESIDE_INPUT_MIB = 2048;
/** Whoever computes hears nothing meanwhile; one that has not let go of a run by then is ended. */
const LET_GO_MS = 5_000;
const IDLE_MS = 300_000;

export type RunSettings = { sandbox: Sandbox; workers: number; memoryMiBMax: number };

/** A package as it is run; its bytes are sent once. */
type Runnable = { manifest: Manifest; model: Uint8Array };

export type ToRuns =
  | { kind: 'open'; settings: RunSettings }
  /** Undefined: nobody asks for it any more. */
  | { kind: 'model'; sha256: string; bytes: Uint8Array | undefined }
  | { kind: 'begin'; id: number; manifest: Manifest }
  /** `images`: how many of them come by the pipe of images. */
  | { kind: 'run'; id: number; images: number; marks: ResultMarks }
  | { kind: 'abort'; id: number };

export type FromRuns =
  /** From now on its images may come. */
  | { id: number; isBegun: true }
  | { id: number; outcome: RunOutcome }
  | { id: number; code: FailureCode; detail: string };

type Limits = { settings: RunSettings; bytesMax: number; idleMs: number; letGoMs: number; worker: string };

/**
 * Runs of models, with all that comes before and after them: images are read, decoded and made a tensor, and results
 * are made of outputs, in a process of low priority beside the archive. The thread that serves hands over bytes, and
 * takes objects; whatever a stranger's images or a manifest ask for is taken from that process, which is ended where
 * it is too much.
 */
export class ModelRuns {
  readonly #limits: Limits;
  #process: RunsProcess | undefined;
  #idle: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param over  smaller limits and another program, in tests */
  constructor(config: Config, over: Partial<Limits> = {}) {
    const { inferenceSandbox: sandbox, inferenceWorkers: workers, inferenceMemoryMib: memoryMiBMax } = config;
    const bytesMax = (config.aiInputMib * TIMES_INPUT + BESIDE_INPUT_MIB) * 2 ** 20;
    const settings = { sandbox, workers, memoryMiBMax };
    this.#limits = { settings, bytesMax, idleMs: IDLE_MS, letGoMs: LET_GO_MS, worker: WORKER, ...over };
  }

  /** Of the process, while there is one. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * @throws {Failure} pixel/..., parse/..., model/...; model/failed: the process died; model/memory, model/busy; and
   *   whatever an image's parts throw
   */
  async run(of: Runnable, images: readonly InputFile[], marks: ResultMarks, signal: AbortSignal): Promise<RunOutcome> {
    signal.throwIfAborted();
    if (this.#isClosed) throw new Failure('model/busy', 'closing');
    clearTimeout(this.#idle);
    const process = this.#started();
    try {
      return await process.run(of, { images, marks }, signal);
    } finally {
      if (process === this.#process && process.isIdle) {
        clearTimeout(this.#idle);
        this.#idle = setTimeout(() => void this.#letGo(process), this.#limits.idleMs).unref();
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idle);
    if (this.#process !== undefined) await this.#letGo(this.#process);
  }

  #started(): RunsProcess {
    if (this.#process?.isGoing === true) return this.#process;
    const process = new RunsProcess(this.#limits);
    this.#process = process;
    void process.ended.then(() => this.#forget(process));
    return process;
  }

  #forget(process: RunsProcess): void {
    if (this.#process === process) this.#process = undefined;
  }

  async #letGo(process: RunsProcess): Promise<void> {
    this.#forget(process);
    process.kill(new Failure('model/busy', 'closing'));
    await process.ended;
  }
}

type Run = { begun(): void; resolve(of: RunOutcome): void; reject(reason: unknown): void };

/** One process, several runs at a time. */
class RunsProcess {
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #limits: Limits;
  readonly #runs = new Map<number, Run>();
  /** Digests of the models that it has, the one that was asked for last at the end. */
  readonly #models = new Set<string>();
  readonly #watch: NodeJS.Timeout;
  readonly #pipe: Socket;
  #writing = Promise.resolve();
  #last = 0;
  #reason: Failure | undefined;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#child = fork(limits.worker, [], {
      execArgv: [`--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning'],
      env: environmentForImages(),
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc', 'pipe'],
    });
    lower(this.#child);
    this.ended = new Promise((resolve) => {
      const end = (what: string): void => {
        clearInterval(this.#watch);
        this.#giveUp(this.#reason ?? new Failure('model/failed', what));
        resolve();
      };
      this.#child.once('error', ({ message }) => end(`the process of runs did not start: ${message}`));
      this.#child.once('exit', (code, by) => end(`the process of runs ended with ${by ?? code}`));
    });
    this.#watch = setInterval(() => this.#measure(), WATCH_MS).unref();
    this.#child.on('message', (message: FromRuns) => this.#answered(message));
    this.#pipe = this.#child.stdio[IMAGE_FD] as Socket;
    this.#pipe.on('error', (cause) => this.kill(new Failure('model/failed', 'the process of runs is gone', { cause })));
    this.#hold(false);
    this.#send({ kind: 'open', settings: limits.settings }).catch(() => {});
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isIdle(): boolean {
    return this.#runs.size === 0;
  }

  /** False once it is being ended, or does not take what it is sent: that it has ended is told later. */
  get isGoing(): boolean {
    return this.#reason === undefined;
  }

  async run(
    { manifest, model }: Runnable,
    { images, marks }: { images: readonly InputFile[]; marks: ResultMarks },
    signal: AbortSignal,
  ): Promise<RunOutcome> {
    this.#last += 1;
    const id = this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<RunOutcome>();
    const begun = Promise.withResolvers<void>();
    const run = { begun: begun.resolve, resolve, reject };
    this.#runs.set(id, run);
    this.#hold(true);
    const onAbort = (): void => {
      reject(signal.reason);
      this.#letGoOf(id);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await Promise.race([promise, Promise.all([...this.#begin(id, { manifest, model }), begun.promise])]);
      await Promise.race([promise, this.#handOver(id, images, signal)]);
      await Promise.race([promise, this.#send({ kind: 'run', id, images: images.length, marks })]);
      return await promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
      // Not answered, and nobody let go of it yet: an image could not be read, and the process has those before it.
      if (this.#runs.get(id) === run) this.#letGoOf(id);
      this.#hold(!this.isIdle);
    }
  }

  kill(reason: Failure): void {
    this.#reason ??= reason;
    // Whoever closes waits until it is gone.
    this.#child.ref();
    this.#child.kill('SIGKILL');
  }

  async #handOver(id: number, images: readonly InputFile[], signal: AbortSignal): Promise<void> {
    for (const image of images) {
      if (signal.aborted || !this.#runs.has(id)) return;
      await this.#write(id, image);
    }
  }

  /** One image at a time, of whatever run. */
  async #write(id: number, image: InputFile): Promise<void> {
    const before = this.#writing;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writing = promise;
    await before;
    try {
      await writeImage(this.#pipe, id, image);
    } finally {
      resolve();
    }
  }

  /** All at once: nothing of another run comes between, such as that a model is not asked for any more. */
  #begin(id: number, { manifest, model }: Runnable): Promise<void>[] {
    const { sha256 } = manifest.artifact;
    const isNew = !this.#models.delete(sha256);
    this.#models.add(sha256);
    const sent = isNew ? [this.#send({ kind: 'model', sha256, bytes: model })] : [];
    sent.push(this.#send({ kind: 'begin', id, manifest }));
    const [oldest] = this.#models;
    if (oldest === undefined || this.#models.size <= this.#limits.settings.workers) return sent;
    this.#models.delete(oldest);
    return [...sent, this.#send({ kind: 'model', sha256: oldest, bytes: undefined })];
  }

  /** Nobody wants it any more: the process answers that it has let go of it, or is ended. */
  #letGoOf(id: number): void {
    const { letGoMs } = this.#limits;
    const timer = setTimeout(
      () => this.kill(new Failure('model/failed', `another run was not let go of within ${letGoMs} ms`)),
      letGoMs,
    ).unref();
    const end = (): void => clearTimeout(timer);
    this.#runs.set(id, { begun: () => {}, resolve: end, reject: end });
    this.#send({ kind: 'abort', id }).catch(() => {});
  }

  #answered(message: FromRuns): void {
    const run = this.#runs.get(message.id);
    if ('isBegun' in message) return run?.begun();
    this.#runs.delete(message.id);
    if ('outcome' in message) run?.resolve(message.outcome);
    else run?.reject(new Failure(message.code, message.detail));
  }

  #giveUp(reason: Failure): void {
    for (const { reject } of this.#runs.values()) reject(reason);
    this.#runs.clear();
  }

  /** Without a run it must not keep the archive from ending. */
  #hold(isHeld: boolean): void {
    for (const each of [this.#child, this.#child.channel, this.#pipe])
      if (isHeld) each?.ref();
      else each?.unref();
  }

  #measure(): void {
    const { bytesMax } = this.#limits;
    const { residentBytes = 0 } = usageOf(this.#child.pid ?? 0) ?? {};
    if (residentBytes > bytesMax) this.kill(new Failure('model/memory', `a run took more than ${bytesMax} bytes`));
  }

  #send(message: ToRuns): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#child.send(message, (error) => {
        if (error === null) return resolve();
        const gone = new Failure('model/failed', 'the process of runs is gone', { cause: error });
        this.kill(gone);
        reject(this.#reason ?? gone);
      });
    });
  }
}

/** Whoever stores and reads comes first; the processes of models are lowered with it. */
function lower({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, NICENESS);
  } catch {
    // It has ended, and says so itself.
  }
}
