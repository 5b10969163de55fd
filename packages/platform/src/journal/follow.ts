import { toFailure } from '@acervo/kernel/failure.ts';
import type { Log } from '../ports/log.ts';

/** How facts of the journal that a process keeps in memory stay as they are in the database. */
export type Followed = {
  /** Read what changed since the last time. */
  refresh(): Promise<void>;
  log: Log;
  /** What the log calls a failure. */
  unread: string;
};

/** Follow changes until the signal aborts; a failure is logged when it begins, and tried again. Never rejects. */
export async function followChanges(
  { refresh, log, unread }: Followed,
  wait: () => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  let isFailing = false;
  while (!signal.aborted) {
    await wait();
    if (signal.aborted) return;
    try {
      await refresh();
      isFailing = false;
    } catch (thrown) {
      const { code, detail } = toFailure(thrown);
      if (!isFailing) log.warn(unread, { code, detail });
      isFailing = true;
    }
  }
}
