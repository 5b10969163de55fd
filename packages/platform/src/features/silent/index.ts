import type { Feature } from '../../bindings/feature.ts';
import { getJson } from '../../bindings/json-route.ts';
import type { Log } from '../../ports/log.ts';
import { compareSilent, type SilentPorts } from './compare.ts';
import { forgetRetired } from './retire.job.ts';

type Ports = SilentPorts & { log: Log };

/** What models say in silence: kept apart, told in counts, forgotten with the model. */
export function silentFeature({ db, store, log }: Ports): Feature {
  const route = getJson(
    '/api/ai/silent/:id/:version',
    'What a silent version of a model says of the studies here, in counts; of no study anything',
    (op, { params: { id: model = '', version = '' } }) =>
      compareSilent({ db, store }, op, { institution: op.institution, model, version }),
  );
  return {
    name: 'silent',
    routes: [route],
    services: [],
    jobs: store === undefined ? [] : [forgetRetired({ db, store, log })],
  };
}
