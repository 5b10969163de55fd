import type { Feature } from '../../bindings/feature.ts';
import { type DirectoryPorts, directoryRoutes } from './directory.route.ts';

export type { DirectoryPorts } from './directory.route.ts';

/** Institutions, people, roles, facilities, sensitivity: over HTTP. */
export function directoryFeature(ports: DirectoryPorts): Feature {
  return { name: 'directory', routes: directoryRoutes(ports), services: [] };
}
