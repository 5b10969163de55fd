import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { Counter } from './count.ts';
import { queryRoutes } from './query.route.ts';

/** Studies, series and instances are found by QIDO-RS. */
export function queryFeature(holdings: Holdings): Feature {
  return { name: 'query', routes: queryRoutes({ ...holdings, counter: new Counter(holdings.db) }), services: [] };
}
