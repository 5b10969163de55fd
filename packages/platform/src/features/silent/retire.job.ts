import type { Job } from '../../bindings/feature.ts';
import { inRounds } from '../../bindings/rounds.ts';
import { archiveEvent } from '../../journal/event.ts';
import { insertEvents } from '../../journal/journal.repo.ts';
import type { Log } from '../../ports/log.ts';
import type { Db } from '../../ports/sql.ts';
import { deleteSilent, packagesHeld, retiredAmong } from './silent.repo.ts';
import type { SilentStore } from './store.ts';

const EVERY_MS = 3_600_000;

export type RetirePorts = { db: Db; store: SilentStore; log: Log };

/** What a model has said in silence goes with it, when the nation retires it. */
export function forgetRetired(ports: RetirePorts): Job {
  const round = async (): Promise<number> => {
    await forgetOnce(ports);
    return EVERY_MS;
  };
  return inRounds({
    name: 'forget what retired models have said in silence',
    round,
    log: ports.log,
    trouble: 'silent.unforgotten',
    troubleMs: EVERY_MS,
  });
}

/**
 * Rows first, then files, then the event; a crash between them is gone on with, for the folder is there still.
 * @returns the packages that were forgotten
 */
export async function forgetOnce({ db, store }: Omit<RetirePorts, 'log'>): Promise<string[]> {
  const held = new Set([...(await packagesHeld(store.sql)), ...(await store.files.folders())]);
  const retired = held.size === 0 ? [] : await retiredAmong(db, [...held]);
  for (const digest of retired) {
    const studies = await deleteSilent(store.sql, digest);
    await store.files.removeFolder(digest);
    await insertEvents(db, [archiveEvent('ai-silent.deleted', 'silent', { package: digest, studies })]);
  }
  return retired;
}
