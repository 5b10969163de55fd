import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { renderRoutes } from './render.route.ts';

/** Pictures of stored images: rendered resources and thumbnails. */
export function renderFeature(holdings: Holdings): Feature {
  return { name: 'render', routes: renderRoutes(holdings), services: [] };
}
