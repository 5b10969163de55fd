import type { Feature } from '../../bindings/feature.ts';
import { statusRoutes } from './status.route.ts';
import { Status, type StatusPorts } from './status.ts';

export { Activity } from './activity.ts';
export type { StatusPorts } from './status.ts';

/** What happens now and how it stands: for the console, and whoever watches by a program. */
export function statusFeature(ports: StatusPorts): Feature {
  return { name: 'status', routes: statusRoutes(new Status(ports)), services: [] };
}
