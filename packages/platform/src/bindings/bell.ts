/**
 * Wakes those of this process who wait for work. It says nothing that the rows do not: what another process made, or
 * rang while nobody waited, is found by looking, a while later.
 */
export class Bell {
  readonly #waiting = new Set<() => void>();

  ring(): void {
    for (const end of this.#waiting) end();
  }

  /** Resolves when it rings, when the time is over, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.add(end);
      if (signal.aborted) end();
    });
  }
}
