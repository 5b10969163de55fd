import type { Feature } from '../../bindings/feature.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import { mediaRoutes } from './media.route.ts';

/** Studies leave as media do: files with a DICOMDIR. */
export function mediaFeature(holdings: Holdings): Feature {
  return { name: 'media', routes: mediaRoutes(holdings), services: [] };
}
