import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { changesRoute } from './changes.route.ts';

/** Others follow what the archive holds. */
export function changesFeature(holdings: Holdings): Feature {
  return { name: 'changes', routes: [changesRoute(holdings.db)], services: [] };
}
