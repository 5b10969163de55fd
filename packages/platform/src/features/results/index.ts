import type { Feature } from '../../bindings/feature.ts';
import { deliverResults } from './deliver.job.ts';
import type { ResultsPorts } from './ports.ts';
import { resultsRoutes } from './results.route.ts';
import { withdrawResults } from './withdraw.job.ts';

/** What becomes of results of AI after they were stored: they are sent, and withdrawn. */
export const resultsFeature = (ports: ResultsPorts): Feature => ({
  name: 'results',
  routes: resultsRoutes(ports),
  services: [],
  jobs: [deliverResults(ports), withdrawResults(ports)],
});
