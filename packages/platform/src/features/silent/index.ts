import type { Feature } from '../../bindings/feature.ts';
import type { HttpRequest } from '../../bindings/http.ts';
import { JSON_TYPE, jsonAnswer } from '../../bindings/json-body.ts';
import type { Log } from '../../ports/log.ts';
import type { Op } from '../../ports/op.ts';
import { compareSilent, type SilentPorts } from './compare.ts';
import { forgetRetired } from './retire.job.ts';

type Ports = SilentPorts & { log: Log };

/** What models say in silence: kept apart, told in counts, forgotten with the model. */
export function silentFeature({ db, store, log }: Ports): Feature {
  const compare = async ({ params }: HttpRequest, op: Op) => {
    const { id: model = '', version = '' } = params;
    return jsonAnswer(await compareSilent({ db, store }, op, { institution: op.institution, model, version }));
  };
  return {
    name: 'silent',
    routes: [
      {
        method: 'GET',
        path: '/api/ai/silent/:id/:version',
        summary: 'What a silent version of a model says of the studies here, in counts; of no study anything',
        produces: [JSON_TYPE],
        handle: compare,
      },
    ],
    services: [],
    jobs: store === undefined ? [] : [forgetRetired({ db, store, log })],
  };
}
