import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { acervo, MEDIA_TYPE_URI } from './codes.ts';
import type { AuditableEvent, AuditSource, SealedEvent } from './event.ts';
import { bounded, textOf } from './fact-text.ts';
import { type EventMapping, mappingOf } from './kinds.ts';
import { objectsOf } from './objects.ts';
import type { AuditRecord, Participant } from './record.ts';

const OUTCOMES = { success: '0', warning: '4', failure: '8' } as const;

/** What is told of an event of the journal, and by whom. */
export function auditRecordOf(sealed: SealedEvent, source: AuditSource): AuditRecord {
  const { event } = sealed;
  const mapping = mappingOf(event);
  const reason = reasonOf(event);
  return {
    id: event.id,
    at: event.at,
    eventId: mapping.eventId,
    action: mapping.action,
    types: [...(mapping.types ?? []), acervo(bounded(event.kind), bounded(event.kind))],
    outcome: OUTCOMES[event.outcome],
    ...(reason !== undefined && { outcomeDescription: reason }),
    purpose: bounded(event.purpose),
    participants: mapping.parts.map((part) => participantOf(part, event, source)),
    objects: objectsOf(sealed, mapping.subject, reason),
    source,
  };
}

/** A code of the table of failures and its title. Other reasons are words of people, which may name somebody. */
function reasonOf({ facts }: AuditableEvent): string | undefined {
  const reason = facts['reason'];
  if (typeof reason !== 'string' || !Object.hasOwn(FAILURES, reason)) return undefined;
  return `${reason}: ${FAILURES[reason as FailureCode].title}`;
}

function participantOf(part: EventMapping['parts'][number], event: AuditableEvent, source: AuditSource): Participant {
  const role = part.role && { role: part.role };
  switch (part.who) {
    case 'actor':
      return { ...actorOf(event), isRequestor: part.isRequestor, ...role };
    case 'archive':
      return { ...applicationOf(source.id, source.aeTitle), userName: 'Acervo', isRequestor: false, ...role };
    case 'peer': {
      const aeTitle = textOf(event.facts['aeTitle'] ?? event.facts['destination']);
      return { ...applicationOf(aeTitle, aeTitle), isRequestor: false, ...role };
    }
    case 'media':
      // PS3.15 A.5.2.1: free text where no URI is known, as the journal has none.
      return {
        userId: `media of operation ${bounded(event.op)}`,
        isRequestor: false,
        ...role,
        mediaType: MEDIA_TYPE_URI,
      };
  }
}

function actorOf({ actor, door, facts, address: come }: AuditableEvent): Omit<Participant, 'isRequestor'> {
  // PS3.15 A.5.2.5. Of an event without one, what its facts may tell.
  const from = textOf(come ?? facts['address']);
  const address = from === '' ? {} : { address: from };
  const id = bounded(actor.id);
  if (actor.kind === 'system' && door === 'dimse') return { ...applicationOf(id, id), ...address };
  const userName = actor.kind === 'process' && id !== '' ? { userName: id } : {};
  return { userId: id === '' ? actor.kind : id, ...userName, ...address };
}

/** PS3.15 A.5.2.2: AE titles stand in the AlternativeUserID of a DICOM application. */
const applicationOf = (userId: string, aeTitle: string): { userId: string; alternativeUserId?: string } =>
  userId === '' ? { userId: 'unknown' } : { userId, alternativeUserId: `AETITLES=${aeTitle}` };
