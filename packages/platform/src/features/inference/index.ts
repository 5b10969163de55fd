import { Bell } from '../../bindings/bell.ts';
import type { Feature } from '../../bindings/feature.ts';
import { inferenceRoutes } from './inference.route.ts';
import type { InferencePorts } from './ports.ts';
import { routeCompleteStudies } from './route.job.ts';
import { doTasks } from './work.job.ts';

/** Studies go to models of AI by rules, beside everything else. */
export function inferenceFeature(ports: InferencePorts): Feature {
  const { worker } = ports;
  const bell = new Bell();
  const jobs = [routeCompleteStudies(ports, bell), ...(worker === undefined ? [] : [doTasks(ports, worker, bell)])];
  return { name: 'inference', routes: inferenceRoutes(ports), services: [], jobs };
}
