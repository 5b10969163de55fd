import { DirectoryView } from '../features/directory/view.ts';
import { waitMs } from '../journal/sealer.ts';
import type { Log } from '../ports/log.ts';
import type { Sql } from '../ports/sql.ts';

/** A change of the directory is known to every process after this long. */
const REFRESH_MS = 1000;

/** Institutions, people and their roles, as they are now. */
export async function openDirectory(sql: Sql, log: Log): Promise<DirectoryView> {
  const directory = new DirectoryView(sql, log);
  await directory.refresh();
  return directory;
}

/** Keep it as it is in the database until the signal aborts; never rejects. */
export const followDirectory = (directory: DirectoryView, signal: AbortSignal): Promise<void> =>
  directory.follow(() => waitMs(REFRESH_MS, signal), signal);
