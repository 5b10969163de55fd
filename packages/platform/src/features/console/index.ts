import type { Feature } from '../../bindings/feature.ts';
import type { StaticFiles } from '../../ports/static-files.ts';
import { consoleRoutes } from './console.route.ts';

/** The page of people: its files, as they were built. */
export function consoleFeature(page: StaticFiles): Feature {
  return { name: 'console', routes: consoleRoutes(page), services: [] };
}
