import type { Feature } from '../../bindings/feature.ts';
import { assessmentRoutes } from './assessment.route.ts';
import type { BundlePorts } from './bundle.ts';

/** What people make of results of AI: decisions, incidents, and why a result is what it is. */
export function assessmentFeature(ports: BundlePorts): Feature {
  return { name: 'assessment', routes: assessmentRoutes(ports), services: [] };
}
