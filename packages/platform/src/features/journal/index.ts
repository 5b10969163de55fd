import type { Feature } from '../../bindings/feature.ts';
import { type JournalPorts, keyRoute } from './key.route.ts';
import { witnessJob } from './witness.job.ts';
import { witnessRoutes } from './witness.route.ts';
import type { WitnessAtPorts, WitnessedArchive } from './witness-at.ts';

export type { JournalPorts } from './key.route.ts';

/** Whose journals we witness, and how often. */
export type Witnessing = { ports: WitnessAtPorts; archives: readonly WitnessedArchive[]; everyMs: number };

/** What others need to check the journal without us, and to witness it; and what we witness of others. */
export function journalFeature(ports: JournalPorts, witnessing?: Witnessing): Feature {
  return {
    name: 'journal',
    routes: [keyRoute(ports), ...witnessRoutes(ports)],
    services: [],
    ...(witnessing !== undefined && {
      jobs: [witnessJob(witnessing.ports, witnessing.archives, witnessing.everyMs)],
    }),
  };
}
