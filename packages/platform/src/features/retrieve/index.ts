import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { retrieveRoutes } from './retrieve.route.ts';

/** Objects, their metadata, frames and bulk data go out by WADO-RS. */
export function retrieveFeature(holdings: Holdings): Feature {
  return { name: 'retrieve', routes: retrieveRoutes(holdings), services: [] };
}
