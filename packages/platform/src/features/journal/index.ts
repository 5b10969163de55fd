import type { Feature } from '../../bindings/feature.ts';
import { type JournalPorts, keyRoute } from './key.route.ts';

export type { JournalPorts } from './key.route.ts';

/** What others need to check the journal without us. */
export function journalFeature(ports: JournalPorts): Feature {
  return { name: 'journal', routes: [keyRoute(ports)], services: [] };
}
