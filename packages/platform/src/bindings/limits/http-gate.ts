import { Failure } from '@acervo/kernel/failure.ts';
import type { Op } from '../../ports/op.ts';
import { FairShares } from './fair-shares.ts';
import { type Rate, TokenBuckets } from './token-buckets.ts';

/** Whether there is room for a request now. */
export type HttpGate = {
  /**
   * A request of a caller who is known. One that the archive makes for whoever comes (the page, its health) counts
   * for the address that it came from.
   * @returns called when its answer is out
   * @throws {Failure} request/too-many
   */
  enter(op: Pick<Op, 'actor' | 'institution'>, peerAddress: string): () => void;
  /** A request of somebody who is not known. @throws {Failure} request/too-many */
  knock(peerAddress: string): void;
};

export type HttpGateLimits = {
  /** Requests in work at a time, of all institutions. */
  requestsMax: number;
  /** Requests of one caller, or of one address where nobody is known, each second; 0: no limit. */
  callerRate: number;
  /** Requests of all callers of one institution each second; 0: no limit. */
  institutionRate: number;
};

/** A caller that was quiet may ask for what it would have had in so long at once, as a viewer does. */
const BURST_S = 5;

const rateOf = (perSecond: number): Rate => ({ perSecond, burst: perSecond * BURST_S });

/**
 * @param parties  institutions that may call at all, among which the requests in work are shared
 * @param nowMs  a clock that does not go back
 */
export function httpGate(
  { requestsMax, callerRate, institutionRate }: HttpGateLimits,
  parties: () => number,
  nowMs: () => number = () => performance.now(),
): HttpGate {
  const callers = new TokenBuckets(rateOf(callerRate));
  const institutions = new TokenBuckets(rateOf(institutionRate));
  const inWork = new FairShares(requestsMax, parties);
  const take = (buckets: TokenBuckets, key: string, whose: string): void => {
    if (!buckets.take(key, nowMs())) throw new Failure('request/too-many', `over the rate of ${whose}`);
  };
  const knock = (peerAddress: string): void => take(callers, `address ${peerAddress}`, 'an address');
  return {
    knock,
    enter: ({ actor, institution }, peerAddress) => {
      if (actor.kind === 'process') {
        knock(peerAddress);
        return () => {};
      }
      take(callers, `${actor.kind} ${actor.id}`, 'a caller');
      take(institutions, institution, 'an institution');
      const leave = inWork.enter(institution);
      if (leave === undefined) throw new Failure('request/too-many', `${requestsMax} in work: ${institution} waits`);
      return leave;
    },
  };
}
