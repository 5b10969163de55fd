import { archiveEvent } from '../journal/event.ts';
import { insertEvents } from '../journal/journal.repo.ts';
import type { JournalProjection } from '../journal/projection.ts';
import type { Db } from '../ports/sql.ts';
import { markAnnounced, type SealedSegment, takeUnannounced } from './announce-sealed.repo.ts';

/** Segments in one event. */
const SEGMENTS_MAX = 1000;

/**
 * Tell the journal of segments that were sealed: how many records, and the hash of the last one. Packs that lack a
 * segment, or have an earlier state of one, are then found by whoever has the journal alone (decision record 0032).
 * @returns how many were told
 */
export async function announceSealed(db: Db): Promise<number> {
  let told = 0;
  for (;;) {
    const count = await db.transaction(async (sql) => {
      const segments = await takeUnannounced(sql, SEGMENTS_MAX);
      if (segments.length > 0) await insertEvents(sql, [archiveEvent('segment.sealed', 'sealer', { segments })]);
      return segments.length;
    });
    told += count;
    if (count < SEGMENTS_MAX) return told;
  }
}

/** What the event tells of each. */
export const sealedSegmentsOf = (facts: unknown): readonly SealedSegment[] =>
  (facts as { segments?: readonly SealedSegment[] }).segments ?? [];

/** An index that is made anew knows what was told. */
export const announcedProjection: JournalProjection = {
  kinds: ['segment.sealed'],
  apply: async (sql, events) => {
    const segments = events.flatMap(({ facts }) => sealedSegmentsOf(facts).map(({ segment }) => segment));
    if (segments.length > 0) await markAnnounced(sql, segments);
  },
};
