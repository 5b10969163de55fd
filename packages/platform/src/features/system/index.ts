import type { Feature } from '../../bindings/feature.ts';
import type { Route } from '../../bindings/http.ts';
import { type SystemState, systemRoutes } from './system.route.ts';

export type { SystemState } from './system.route.ts';

/** Health, metrics, descriptions: what operators and clients ask of the service itself. */
export function systemFeature(state: SystemState, others: readonly Route[]): Feature {
  return { name: 'system', routes: systemRoutes(state, others), services: [] };
}
