import { Registry } from '../features/systems/registry.ts';
import { waitMs } from '../journal/sealer.ts';
import type { Log } from '../ports/log.ts';
import type { Sql } from '../ports/sql.ts';
import { accessFileSystems } from './access.ts';
import type { Config } from './config.ts';

/** A change of the registry is known to every process after this long. */
const REFRESH_MS = 1000;

/** The systems of the registry and of ACERVO_ACCESS_FILE, as they are now. */
export async function openRegistry(config: Config, sql: Sql, log: Log): Promise<Registry> {
  const registry = new Registry(sql, accessFileSystems(config), log);
  await registry.refresh();
  return registry;
}

/** Keep it as it is in the database until the signal aborts; never rejects. */
export const followRegistry = (registry: Registry, signal: AbortSignal): Promise<void> =>
  registry.follow(() => waitMs(REFRESH_MS, signal), signal);
