import { REJECT } from '@acervo/dicom/ul/pdu.ts';
import type { FailureCode } from '@acervo/kernel/failure.ts';
import type { DimseMetrics } from '../adapters/net/dimse-association.ts';
import type { OnRefused } from '../adapters/net/http-exchange.ts';
import type { Activity } from '../features/status/index.ts';
import type { Holdings } from '../holdings/holdings.ts';
import type { Metrics } from './metrics.ts';

/** HTTP failures that an operator may have to do something about; what is merely not there is none of them. */
const SHOWN: ReadonlySet<FailureCode> = new Set<FailureCode>([
  'access/unknown',
  'access/denied',
  'request/invalid',
  'request/unsupported-type',
  'request/timeout',
  'request/too-long',
  'request/too-many',
  'query/too-broad',
  'query/too-costly',
  'retrieve/damaged',
  'retrieve/elsewhere',
  'database/unavailable',
  'internal',
]);

/** Statuses of a warning (PS3.7 C.4.2) and success; everything else is a failure to who sent the request. */
const isGood = (status: number): boolean => status === 0 || status === 1 || status >> 12 === 0xb;

/** Tells the activity, and the metrics, what happens to associations. */
export function watchAssociations(activity: Activity, metrics: Metrics): DimseMetrics {
  return {
    associationAccepted: () => metrics.associationOpened(),
    associationEnded: () => metrics.associationClosed(),
    watch: ({ callingAet, peer, caller, dataSetBytes }) => {
      // Whose it is stands in every operation that it opens.
      const { institution } = caller.openOp(AbortSignal.abort());
      const aeTitle = callingAet.trim();
      const { answered, ended } = activity.opened({ aeTitle, peerAddress: peer, institution, bytes: dataSetBytes });
      return { answered: (status) => answered(!isGood(status)), ended };
    },
    associationRejected: ({ result, source, reason }, { callingAet }) => {
      // That one is in the journal, where every process and every start finds it.
      if (result === 1 && source === 1 && reason === REJECT.callingAetNotRecognized.reason) return;
      const code = `reject/${result}-${source}-${reason}`;
      activity.refused({ door: 'dimse', who: callingAet.trim(), institution: '', reason: code });
    },
  };
}

/** Tells the activity of requests that were refused before they reached an object. */
export function watchRequests(activity: Activity): OnRefused {
  return ({ code, peerAddress }) => {
    if (SHOWN.has(code) || code.startsWith('tls/'))
      activity.refused({ door: 'http', who: peerAddress, institution: '', reason: code });
  };
}

/** Holdings that tell the activity what was stored by this process. */
export function watchedHoldings(holdings: Holdings, activity: Activity): Holdings {
  const { metrics } = holdings;
  return {
    ...holdings,
    metrics: {
      instanceStored: (door, outcome, of) => {
        metrics.instanceStored(door, outcome, of);
        activity.counted(of.institution, outcome === 'refused' ? 'refused' : 'taken', of.bytes);
      },
    },
  };
}
