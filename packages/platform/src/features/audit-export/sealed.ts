import type { AuditableEvent, SealedEvent } from '@acervo/interop/audit/event.ts';
import { EVENT_MAPPINGS, type EventMapping } from '@acervo/interop/audit/kinds.ts';
import type { EventKind } from '../../journal/event.ts';
import type { SealedRow } from './audit-export.repo.ts';

/** Does not compile while a kind of the journal has no row there: nothing is exported by accident, or left out. */
export const MAPPINGS: Readonly<Record<EventKind, readonly EventMapping[]>> = EVENT_MAPPINGS;

export const sealedOf = ({ seq, hash, event }: SealedRow): SealedEvent => ({
  seq,
  hash,
  event: JSON.parse(event) as AuditableEvent,
});
