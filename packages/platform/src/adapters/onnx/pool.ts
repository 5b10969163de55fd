import { Failure } from '@acervo/kernel/failure.ts';
import type { Inference, Inferred, NamedTensors, RunnableModel } from '../../ports/inference.ts';
import { InferenceProcess } from './process.ts';
import type { Sandbox } from './sandbox.ts';

export type InferenceLimits = {
  sandbox: Sandbox;
  /** Processes, at work and waiting. */
  workers: number;
  /** Of one process; a model that asks for more is refused. */
  memoryMiBMax: number;
  /** Runs that wait for a process. */
  waitingMax: number;
  /** A process that has had nothing to do for so long is let go. */
  idleMs: number;
};

export const INFERENCE_LIMITS: Pick<InferenceLimits, 'waitingMax' | 'idleMs'> = { waitingMax: 10_000, idleMs: 300_000 };

type Waiting = {
  model: RunnableModel;
  inputs: NamedTensors;
  signal: AbortSignal;
  resolve(of: Inferred): void;
  reject(reason: unknown): void;
  onAbort(): void;
};

type Place = { process: InferenceProcess; isBusy: boolean; timer: NodeJS.Timeout | undefined };

/**
 * Processes that run models, each one model only. They are started ahead (`warm`) or when there is work; one that
 * fails, takes too long or too much is ended, its run fails, and no other one.
 */
export class InferencePool implements Inference {
  readonly #limits: InferenceLimits;
  readonly #places = new Set<Place>();
  readonly #waiting: Waiting[] = [];
  #isClosed = false;

  constructor(limits: InferenceLimits) {
    this.#limits = limits;
  }

  /** Start every process now, so that the first run need not wait. @throws {Failure} model/no-sandbox */
  async warm(): Promise<void> {
    while (this.#places.size < this.#limits.workers) this.#open();
    await Promise.all([...this.#places].map(({ process }) => process.ready));
  }

  /** Ids of the processes there are now. */
  get pids(): number[] {
    return [...this.#places].flatMap(({ process: { pid } }) => (pid === undefined ? [] : [pid]));
  }

  async run(model: RunnableModel, inputs: NamedTensors, signal: AbortSignal): Promise<Inferred> {
    signal.throwIfAborted();
    const { waitingMax, memoryMiBMax } = this.#limits;
    if (model.memoryMiB > memoryMiBMax) {
      throw new Failure('model/limit', `the model asks for ${model.memoryMiB} MiB of ${memoryMiBMax}`);
    }
    if (this.#isClosed || this.#waiting.length >= waitingMax) {
      throw new Failure('model/busy', `${this.#waiting.length} runs wait`);
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.#drop(waiting);
      const waiting: Waiting = { model, inputs, signal, resolve, reject, onAbort };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(waiting);
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new Failure('model/busy', 'closing'));
    await Promise.all([...this.#places].map((place) => this.#end(place)));
  }

  /** Nobody wants it any more. What runs already is ended by its process. */
  #drop(waiting: Waiting): void {
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return;
    this.#waiting.splice(index, 1);
    waiting.reject(waiting.signal.reason);
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && !this.#isClosed) {
      const [next] = this.#waiting as [Waiting];
      let place: Place | undefined;
      try {
        place = this.#placeFor(next.model.digest);
      } catch (thrown) {
        for (const { reject } of this.#waiting.splice(0)) reject(thrown);
        return;
      }
      if (place === undefined) return;
      this.#waiting.shift();
      void this.#work(place, next);
    }
  }

  /** One that has this model; else one that has none; else a new one in place of one that has another. */
  #placeFor(digest: string): Place | undefined {
    const idle = [...this.#places].filter(({ isBusy }) => !isBusy);
    const fit = idle.find(({ process }) => process.digest === digest) ?? idle.find(({ process }) => !process.digest);
    if (fit !== undefined) return fit;
    if (this.#places.size >= this.#limits.workers) {
      const [other] = idle;
      if (other === undefined) return undefined;
      void this.#end(other);
    }
    return this.#open();
  }

  #open(): Place {
    const { sandbox, memoryMiBMax } = this.#limits;
    const process = new InferenceProcess(sandbox, memoryMiBMax);
    const place: Place = { process, isBusy: false, timer: undefined };
    this.#places.add(place);
    void process.ended.then(() => this.#end(place));
    return place;
  }

  async #work(place: Place, { model, inputs, signal, resolve, reject, onAbort }: Waiting): Promise<void> {
    clearTimeout(place.timer);
    signal.removeEventListener('abort', onAbort);
    place.isBusy = true;
    try {
      resolve(await place.process.run(model, inputs, signal));
    } catch (thrown) {
      reject(thrown);
    }
    place.isBusy = false;
    if (this.#places.has(place)) {
      place.timer = setTimeout(() => void this.#end(place), this.#limits.idleMs).unref();
    }
    this.#dispatch();
  }

  async #end(place: Place): Promise<void> {
    clearTimeout(place.timer);
    if (!this.#places.delete(place)) return;
    place.process.kill();
    await place.process.ended;
    this.#dispatch();
  }
}
