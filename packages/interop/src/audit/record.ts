import type { Action, Code } from './codes.ts';
import type { AuditSource } from './event.ts';

/** ActiveParticipant of PS3.15 A.5.1, agent of a FHIR AuditEvent. */
export type Participant = {
  userId: string;
  alternativeUserId?: string;
  userName?: string;
  isRequestor: boolean;
  role?: Code;
  /** Of a medium: what it is. */
  mediaType?: Code;
  /** IP address, where the event has one. */
  address?: string;
};

/** ParticipantObjectIdentification of PS3.15 A.5.1, entity of a FHIR AuditEvent. */
export type ParticipantObject = {
  what: 'journal event' | 'study' | 'patient' | 'query' | 'node' | 'resource' | 'transaction' | 'audit log';
  idType: Code;
  id: string;
  /** 1: person, 2: system object. */
  typeCode: '1' | '2';
  /** ParticipantObjectTypeCodeRole: 1 patient, 3 report, 13 security resource, 20 job. */
  role: '1' | '3' | '13' | '20';
  /** The schema wants a name or a query. Nobody's name is told: it is what the object is called by programs. */
  name?: string;
  query?: string;
  instances?: number;
  details: readonly (readonly [type: string, value: string])[];
};

/** What is told of an event, whatever the format. */
export type AuditRecord = {
  id: string;
  at: string;
  eventId: Code;
  action: Action;
  types: readonly Code[];
  /** PS3.15 A.5.2: 0 success, 4 minor failure, 8 serious failure. */
  outcome: '0' | '4' | '8';
  outcomeDescription?: string;
  purpose: string;
  participants: readonly Participant[];
  objects: readonly ParticipantObject[];
  source: AuditSource;
};
