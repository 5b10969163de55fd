import { SharingMemory } from '../features/sharing/memory.ts';
import { waitMs } from '../journal/sealer.ts';
import { Authorities } from '../policy/authority.ts';
import { Decisions } from '../policy/classes.ts';
import type { Log } from '../ports/log.ts';
import type { Sql } from '../ports/sql.ts';
import { lazily, policyOf } from './access.ts';
import type { Config } from './config.ts';

/** What is shared or marked is known to every process after this long. */
const REFRESH_MS = 1000;

/** Who decides in this process: the policy, over what is shared and marked now. */
export type Trust = {
  /** Made when they are asked for first: under open access nobody asks, and the engine is forty megabytes. */
  authorities: () => Authorities;
  memory: SharingMemory;
  /** Keep it as it is in the database until the signal aborts; never rejects. */
  follow(signal: AbortSignal): Promise<void>;
};

/** @throws {Failure} config/invalid when a policy is not understood */
export async function openTrust(config: Config, sql: Sql, log: Log): Promise<Trust> {
  const memory = new SharingMemory(sql, log);
  const authorities = lazily(() => {
    const policy = policyOf(config);
    log.info('policy.read', { digest: policy.digest, file: config.policyFile ?? '' });
    return new Authorities(new Decisions(policy), memory.sharing, memory.marks);
  });
  // A policy that is not understood keeps a server from starting, asked or not.
  if (config.access !== 'open' || config.policyFile !== undefined) authorities();
  await memory.refresh();
  return { authorities, memory, follow: (signal) => memory.follow(() => waitMs(REFRESH_MS, signal), signal) };
}
