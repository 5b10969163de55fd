import { Failure } from '@acervo/kernel/failure.ts';
import type { Associate } from '../bindings/dimse-scu.ts';
import type { Dial } from '../features/commitment/dial.ts';
import type { Log } from '../ports/log.ts';
import type { Access } from './access.ts';

/** Calls systems where the archive knows that they listen; what it performs for them it does as itself. */
export function dialOver(associate: Associate, access: Pick<Access, 'systems' | 'ofProcess'>, log: Log): Dial {
  return async ({ aeTitle, contexts, services, signal }) => {
    const address = access.systems.addressOf(aeTitle);
    if (address === undefined) throw new Failure('dimse/no-address', `host and port of ${aeTitle} are not known`);
    const caller = access.ofProcess('commitment');
    return associate(address, { contexts, ...(services && { performs: { services, caller, log } }), signal });
  };
}
