import { Failure } from '@acervo/kernel/failure.ts';
import type { Associate, Association, AssociationWanted } from '../../bindings/dimse-scu.ts';
import type { Address } from '../../ports/systems.ts';
import { connect } from './dimse-client.ts';
import type { Secure } from './tls-caller.ts';

export type OutgoingOptions = {
  /** Our own AE title. */
  aeTitle: string;
  /** Associations that we have asked for, at a time; further ones wait. */
  associationsMax: number;
  /** Longest wait for a peer: to connect, to answer, to read. */
  timeoutMs: number;
  /** TLS to a system that is called so. @throws {Failure} config/invalid */
  secureFor?(to: Address): Secure | undefined;
};

/** Associations that we ask for, no more of them at a time than we, and than the other system, can have. */
export function outgoingAssociations(options: OutgoingOptions): Associate {
  const { associationsMax } = options;
  const all = new Places(associationsMax);
  const bySystem = new Map<string, Places>();
  return async (to, wanted) => {
    const own = bySystem.get(to.aeTitle) ?? new Places(associationsMax);
    bySystem.set(to.aeTitle, own);
    // First the system's own: who waits for one busy system must not keep the others from theirs.
    const leaveOwn = await own.take(wanted.signal, to.associationsMax);
    try {
      const leaveAll = await all.take(wanted.signal);
      return await opened(to, wanted, options, () => {
        leaveAll();
        leaveOwn();
      });
    } catch (thrown) {
      leaveOwn();
      throw thrown;
    }
  };
}

async function opened(
  to: Address,
  wanted: AssociationWanted,
  { aeTitle, timeoutMs, secureFor }: OutgoingOptions,
  leave: () => void,
): Promise<Association> {
  try {
    const { host, port, aeTitle: calledAet } = to;
    const secure = secureFor?.(to);
    if (to.tls && secure === undefined) throw new Failure('config/invalid', `${calledAet} is called over TLS only`);
    const at = { host, port, callingAet: aeTitle, calledAet, timeoutMs, ...(secure && { secure }) };
    const association = await connect({ ...wanted, ...at });
    return {
      ...association,
      release: () => association.release().finally(leave),
      abort: () => association.abort().finally(leave),
    };
  } catch (thrown) {
    leave();
    throw thrown;
  }
}

/** Places that are taken and left; who finds none waits in line. */
class Places {
  readonly #max: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /** @returns to be called once the place is free again; called twice it counts once */
  async take(signal: AbortSignal, max = this.#max): Promise<() => void> {
    while (this.#taken >= Math.min(max, this.#max)) await this.#turn(signal);
    this.#taken += 1;
    let isLeft = false;
    return () => {
      if (isLeft) return;
      isLeft = true;
      this.#taken -= 1;
      const [next] = this.#waiting;
      next?.();
    };
  }

  async #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = new AbortController();
    this.#waiting.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true, signal: ended.signal });
    await promise;
    ended.abort();
    this.#waiting.delete(resolve);
    if (signal.aborted) throw new Failure('ul/aborted', 'nobody waits for the association any more');
  }
}
