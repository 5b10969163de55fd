import type { Feature } from '../../bindings/feature.ts';
import type { StaticFiles } from '../../ports/static-files.ts';
import { viewerRoutes } from './viewer.route.ts';

/** A viewer for diagnostic-style reading, which is not ours: OHIF. */
export function viewerFeature(viewer: StaticFiles): Feature {
  return { name: 'viewer', routes: viewerRoutes(viewer), services: [] };
}
