import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import type { SystemRow } from './systems.repo.ts';
import { putSystems } from './systems.repo.ts';

/** The registry as the journal tells it. */
export const systemsProjection: JournalProjection = {
  kinds: ['system.described', 'system.removed'],
  apply: async (sql, events) => putSystems(sql, lastOfEach(events.map(rowOf))),
};

/** The row that an event of a system stands for. */
export function rowOf({ at, facts }: Envelope): SystemRow & { at: string } {
  const { aeTitle, revision, system = null } = facts as { aeTitle: string; revision: number; system?: unknown };
  return { aeTitle, revision, record: system, at };
}

/** One statement cannot change a row twice. */
function lastOfEach<Row extends SystemRow>(rows: readonly Row[]): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) if (row.revision > (last.get(row.aeTitle)?.revision ?? 0)) last.set(row.aeTitle, row);
  return [...last.values()];
}
