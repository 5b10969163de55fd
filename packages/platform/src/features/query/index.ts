import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { Many } from './many.ts';
import { explainRoutes, queryRoutes } from './query.route.ts';

/** Studies, series and instances are found by QIDO-RS. */
export function queryFeature(holdings: Holdings): Feature {
  const ports = { ...holdings, many: new Many() };
  return { name: 'query', routes: [...queryRoutes(ports), ...explainRoutes(ports)], services: [] };
}
