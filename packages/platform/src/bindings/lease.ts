/** After a process died others go on with its work when this has passed, in milliseconds. */
export const LEASE_MS = 30_000;
const RENEW_MS = 10_000;
/** A lease that could not be renewed ends the work before it runs out. */
const LAST_MS = 25_000;

/**
 * Work while a lease is renewed. The signal of `work` aborts when it cannot be, or is another's; then, or when `signal`
 * aborts, this rejects at once, whether the work has heard it or not: nothing that hangs keeps whoever waits.
 * @param renew  false: the lease is not ours any more
 */
export async function underLease<T>(
  renew: () => Promise<boolean>,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const lost = new AbortController();
  const run = (): NodeJS.Timeout => setTimeout(() => lost.abort(), LAST_MS);
  let last = run();
  let isOver = false;
  const renewing = setInterval(() => {
    renew().then(
      (isOurs) => {
        if (isOver) return;
        clearTimeout(last);
        if (isOurs) last = run();
        else lost.abort();
      },
      () => undefined, // What matters is how long ago it was renewed.
    );
  }, RENEW_MS);
  const either = AbortSignal.any([signal, lost.signal]);
  const gone = Promise.withResolvers<never>();
  const leave = (): void => gone.reject(either.reason);
  either.addEventListener('abort', leave, { once: true });
  if (either.aborted) leave();
  try {
    return await Promise.race([work(either), gone.promise]);
  } finally {
    isOver = true;
    either.removeEventListener('abort', leave);
    clearInterval(renewing);
    clearTimeout(last);
  }
}
