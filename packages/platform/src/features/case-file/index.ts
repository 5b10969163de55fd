import type { Feature } from '../../bindings/feature.ts';
import { caseFileRoute } from './case-file.route.ts';
import type { CasePorts } from './case-file.ts';

export type { CasePorts } from './case-file.ts';

/** All that is known of one study, in one file that can be checked without the archive. */
export function caseFileFeature(ports: CasePorts): Feature {
  return { name: 'case-file', routes: [caseFileRoute(ports)], services: [] };
}
