import type { Associate } from '../bindings/dimse-scu.ts';
import type { SendInstances, SentObject } from '../features/results/ports.ts';
import { deliverTo } from '../features/transfer/destination.ts';
import { heldSendable } from '../features/transfer/sendable.ts';
import { isWarning } from '../features/transfer/tally.ts';
import type { Holdings } from '../holdings/holdings.ts';

/** Objects of the archive go out as C-MOVE and `acervo send` send them. */
export const sendInstances =
  (associate: Associate, { files, transcoder, log }: Pick<Holdings, 'files' | 'transcoder' | 'log'>): SendInstances =>
  async (address, instances, signal) => {
    const batches = (async function* () {
      yield instances.map((instance) => heldSendable(files, transcoder, instance));
    })();
    const sent: SentObject[] = [];
    for await (const { sendable, outcome } of deliverTo({ associate, transcoder, log }, { address, signal }, batches)) {
      const { sopInstanceUid } = sendable;
      if ('failure' in outcome) sent.push({ sopInstanceUid, problem: outcome.failure });
      else sent.push({ sopInstanceUid, problem: refusal(outcome.status) });
    }
    return sent;
  };

/** Warnings are results: the object was stored (PS3.4 B.2.3). */
const refusal = (status: number): string | undefined =>
  status === 0 || isWarning(status) ? undefined : `status ${status.toString(16).toUpperCase().padStart(4, '0')}`;
