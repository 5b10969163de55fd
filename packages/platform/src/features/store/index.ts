import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { cStore } from './store.cstore.ts';
import { stowRoutes } from './stow.route.ts';

/** Objects come in by C-STORE and STOW-RS. */
export function storeFeature(holdings: Holdings): Feature {
  return { name: 'store', routes: stowRoutes(holdings), services: [cStore(holdings)] };
}
