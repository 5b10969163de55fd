import type { Feature } from '../../bindings/feature.ts';
import type { Ports } from './accesses.ts';
import { rightsRoutes } from './rights.route.ts';

/** What a patient may ask: who saw its data, and that they serve nothing but its care. */
export function rightsFeature(ports: Ports): Feature {
  return { name: 'rights', routes: rightsRoutes(ports), services: [] };
}
