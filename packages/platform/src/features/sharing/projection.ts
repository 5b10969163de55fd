import type { Envelope } from '../../journal/event.ts';
import type { JournalProjection } from '../../journal/projection.ts';
import { putSharing, type SharingRow } from './sharing.repo.ts';

/** What is shared, as the journal tells it. */
export const sharingProjection: JournalProjection = {
  kinds: ['agreement.made', 'agreement.ended', 'referral.made', 'referral.ended', 'glass.broken', 'glass.reviewed'],
  apply: async (sql, events) => putSharing(sql, lastOfEach(events.map(rowOf))),
};

/** The row that an event stands for: all of it, whichever change it tells. */
export function rowOf({ at, facts }: Envelope): SharingRow & { at: string } {
  const { shared } = facts as { shared: SharingRow };
  return { ...shared, at };
}

/** One statement cannot change a row twice. */
function lastOfEach<Row extends SharingRow>(rows: readonly Row[]): Row[] {
  const last = new Map<string, Row>();
  for (const row of rows) if (row.revision > (last.get(row.id)?.revision ?? 0)) last.set(row.id, row);
  return [...last.values()];
}
