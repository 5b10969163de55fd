import type { Feature } from '../../bindings/feature.ts';
import { HeldImages } from '../../holdings/held-images.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { renderRoutes } from './render.route.ts';
import { wadoUriRoutes } from './wado-uri.route.ts';
import { warmJob } from './warm.job.ts';

/** Pictures of stored images: rendered resources, thumbnails, WADO-URI. */
export function renderFeature(holdings: Holdings): Feature {
  const renderer = { images: new HeldImages(holdings.files), imaging: holdings.imaging };
  const routes = [...renderRoutes(holdings, renderer), ...wadoUriRoutes(holdings, renderer)];
  return { name: 'render', routes, services: [], jobs: [warmJob(holdings)] };
}
