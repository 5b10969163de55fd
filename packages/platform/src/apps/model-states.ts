import { ModelStatesMemory } from '../features/governance/memory.ts';
import { waitMs } from '../journal/sealer.ts';
import type { Log } from '../ports/log.ts';
import type { Sql } from '../ports/sql.ts';

/** A stop of a site's AI is known to every process after this long. */
const REFRESH_MS = 1000;

/** Which models run where, as it is now. */
export async function openModelStates(sql: Sql, log: Log): Promise<ModelStatesMemory> {
  const states = new ModelStatesMemory(sql, log);
  await states.refresh();
  return states;
}

/** Keep it as it is in the database until the signal aborts; never rejects. */
export const followModelStates = (states: ModelStatesMemory, signal: AbortSignal): Promise<void> =>
  states.follow(() => waitMs(REFRESH_MS, signal), signal);
