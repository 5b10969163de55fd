import type { Envelope } from '../../journal/event.ts';
import { type Agreement, type Glass, isInForce, type Referral } from '../../ports/sharing.ts';
import type { Line } from './concerning.ts';

/** What an event of sharing tells: all of what it is about, as it was then. */
type SharedFact = { id: string; kind: 'agreement' | 'referral' | 'glass'; until: string | null; record: unknown };

const sharedOf = ({ facts }: Envelope): SharedFact => (facts as { shared: SharedFact }).shared;

/** By what others could read the study, from the first event to the last of each. */
export type Shared = {
  kind: SharedFact['kind'];
  id: string;
  /** Numbers of its lines. */
  lines: number[];
  record: Agreement | Referral | Glass;
  /** When it ended or will end; null: it does not. */
  until: string | null;
};

/** Ways in which somebody of another institution reads: the event says for whom he acts. */
const READINGS = new Set(['study.retrieved', 'case-file.made']);

/** The agreements, with all their events, under which another institution could read when it read. */
export function inForceWhenRead(agreements: readonly Line[], ofStudy: readonly Line[]): Line[] {
  const readings = ofStudy.flatMap(({ event: { kind, at, facts } }) =>
    READINGS.has(kind) && typeof facts['by'] === 'string' ? [{ by: facts['by'], at }] : [],
  );
  const madeAt = new Map(agreements.map(({ seq, event }) => [seq, event.at]));
  const used = gathered(agreements).filter(({ record, lines: [first = 0] }) => {
    const { receiver, validity } = record as Agreement;
    // An end is part of the validity; that it was valid before it was made counts for nothing.
    return readings.some(({ by, at }) => by === receiver && (madeAt.get(first) ?? '') <= at && isInForce(validity, at));
  });
  const numbers = new Set(used.flatMap(({ lines }) => lines));
  return agreements.filter(({ seq }) => numbers.has(seq));
}

/** What the lines tell of sharing, each thing once, as its last event has it. */
export function gathered(lines: readonly Line[]): Shared[] {
  const byId = new Map<string, Shared>();
  for (const { seq, event } of lines) {
    if (!/^(?:agreement|referral|glass)\./.test(event.kind)) continue;
    const { id, kind, until, record } = sharedOf(event);
    const before = byId.get(id)?.lines ?? [];
    byId.set(id, { kind, id, lines: [...before, seq], until, record: record as Shared['record'] });
  }
  return [...byId.values()];
}
