import type { SealedLine } from '@acervo/kernel/journal/line.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { type CommitRecord, segmentName } from '@acervo/kernel/pack/record.ts';

/**
 * What a sealed journal knows of packs, and packs alone cannot tell:
 * - `segment.missing`: it was sealed, and is not there. `segment.rolled-back`: it was sealed with other records.
 * - `record.lost`: an event announced objects, and no record tells it. `what` is the event's number.
 * - `record.unknown`: a record of a sealed segment tells an event that the journal does not have.
 */
export type PackInJournalFinding = Finding<
  'segment.missing' | 'segment.rolled-back' | 'record.lost' | 'record.unknown'
>;

type Say = (finding: PackInJournalFinding) => void;

/** A segment as it was when it was sealed (the event `segment.sealed`). */
type Sealed = { seq: number; segment: number; records: number; chain: string; bytes: number };

/** Kinds of events that stand in the record of the objects that they announce. */
const WITH_OBJECTS = new Set(['instance.stored', 'instance.conflicted']);
/** Lost records that are named one by one. */
const LOST_MAX = 1000;

/** What a journal says of packs, and what was found of it. Some 100 bytes of memory for each event with objects. */
export class PacksInJournal {
  readonly #sealed = new Map<number, Sealed>();
  readonly #announced = new Map<string, number>();
  readonly #found = new Set<number>();

  /** A line of the journal. */
  take({ seq, event }: SealedLine): void {
    const { id, kind, facts } = event as { id: string; kind: string; facts: { segments?: unknown } };
    if (WITH_OBJECTS.has(kind)) this.#announced.set(id, seq);
    if (kind !== 'segment.sealed' || !Array.isArray(facts.segments)) return;
    for (const each of facts.segments as Omit<Sealed, 'seq'>[]) this.#sealed.set(each.segment, { seq, ...each });
  }

  /** A record that may be believed. */
  record({ segment, record, events }: CommitRecord, say: Say): void {
    for (const event of events) {
      const { id, kind } = event as { id: string; kind: string };
      const isKnown = this.#announced.delete(id) || !WITH_OBJECTS.has(kind);
      if (isKnown || !this.#sealed.has(segment)) continue;
      say({ code: 'record.unknown', what: `${segmentName(segment)}/${record}`, detail: `no line tells event ${id}` });
    }
  }

  /** A segment that was read to its end. */
  segment(segment: number, found: { records: number; chain: string; end: number }, say: Say): void {
    this.#found.add(segment);
    const told = this.#sealed.get(segment);
    if (told === undefined || (told.records === found.records && told.chain === found.chain)) return;
    const known = `line ${told.seq} knows ${told.records} records to ${told.bytes}`;
    const detail = `${known}, there are ${found.records} to ${found.end}`;
    say({ code: 'segment.rolled-back', what: segmentName(segment), detail });
  }

  finish(say: Say): void {
    for (const { segment, seq, records } of this.#sealed.values()) {
      if (this.#found.has(segment)) continue;
      const detail = `line ${seq} knows it, with ${records} records`;
      say({ code: 'segment.missing', what: segmentName(segment), detail });
    }
    let left = LOST_MAX;
    for (const [id, seq] of this.#announced) {
      if (left-- === 0) return;
      say({ code: 'record.lost', what: `${seq}`, detail: `event ${id} stands in no record` });
    }
  }
}
