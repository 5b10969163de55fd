/** Changes are told so often; each response costs a write here and a read there. */
const CHANGED_MS = 200;
/** Who waits is told so often that the retrieval goes on, whether anything has changed or not. */
export const ALIVE_MS = 1000;

/** When the next pending response is due. */
export class PendingClock {
  #toldMs = performance.now();

  isDue(hasChanged: boolean): boolean {
    const now = performance.now();
    if (now - this.#toldMs < (hasChanged ? CHANGED_MS : ALIVE_MS)) return false;
    this.#toldMs = now;
    return true;
  }
}

/** The steps of a generator, and between two that are further apart than `everyMs` ticks. */
export async function* withTicks<T>(
  steps: AsyncGenerator<T, undefined>,
  everyMs: number,
): AsyncGenerator<T | 'tick', undefined> {
  try {
    for (;;) {
      const next = steps.next();
      while ((await soonest(next, everyMs)) === 'tick') yield 'tick';
      const { value, done } = await next;
      if (done === true) return;
      yield value;
    }
  } finally {
    await steps.return(undefined);
  }
}

async function soonest(step: Promise<unknown>, everyMs: number): Promise<'tick' | 'step'> {
  const { promise, resolve } = Promise.withResolvers<'tick'>();
  const timer = setTimeout(() => resolve('tick'), everyMs);
  try {
    return await Promise.race([promise, step.then(() => 'step' as const)]);
  } finally {
    clearTimeout(timer);
  }
}
