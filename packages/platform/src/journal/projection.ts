import type { Sql } from '../ports/sql.ts';
import type { Envelope, EventKind } from './event.ts';

/**
 * Rows that stand in no pack: who makes the index anew replays their events in the order of their numbers, in the
 * transaction that brings these back. Applying one twice changes nothing.
 */
export type JournalProjection = {
  kinds: readonly EventKind[];
  apply(sql: Sql, events: readonly Envelope[]): Promise<void>;
};
