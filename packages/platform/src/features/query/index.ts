import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { cFind } from './find.scp.ts';
import { Many } from './many.ts';
import { explainRoutes, queryRoutes } from './query.route.ts';

/** Patients, studies, series and instances are found by QIDO-RS and C-FIND. */
export function queryFeature(holdings: Holdings, { findMatchesMax }: { findMatchesMax: number }): Feature {
  const ports = { ...holdings, many: new Many() };
  return {
    name: 'query',
    routes: [...queryRoutes(ports), ...explainRoutes(ports)],
    services: [cFind({ ...ports, findMatchesMax })],
  };
}
