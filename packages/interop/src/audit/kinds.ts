import { type Action, type Code, EVENT_ID, EVENT_TYPE, ROLE } from './codes.ts';
import type { AuditableEvent } from './event.ts';

/** Who takes part, besides whom the event's facts name. */
type Part =
  /** Who acted: the event's actor. */
  | { who: 'actor'; role?: Code; isRequestor: boolean }
  /** This archive. */
  | { who: 'archive'; role?: Code }
  /** The other system that the facts name, by its AE title. */
  | { who: 'peer'; role?: Code }
  /** The medium that bytes came from or went to (PS3.15 A.5.2.1). */
  | { who: 'media'; role: Code };

/** What else an event is about, besides the study and patients that its envelope has. */
type Subject = 'query' | 'node' | 'resource' | 'transaction' | 'audit log';

/** How one kind of event is told. */
export type EventMapping = {
  eventId: Code;
  action: Action;
  types?: readonly Code[];
  /** PS3.15 A.5.3 wants a role of each: in the order of the message's table. */
  parts: readonly Part[];
  subject?: Subject;
  /** When it is told so; the last of several has no condition. */
  when?: { words: string; isSo(event: AuditableEvent): boolean };
};

const ACTOR = { who: 'actor', isRequestor: true } as const;
const acting = (role: Code): Part => ({ ...ACTOR, role });
const archiveAs = (role: Code): Part => ({ who: 'archive', role });

/** PS3.15 A.5.3.7: whoever asks for storage is the source, and the archive says what it did with what it got. */
const received = (action: Action): EventMapping => ({
  eventId: EVENT_ID.instancesTransferred,
  action,
  parts: [acting(ROLE.source), archiveAs(ROLE.destination)],
});

/** PS3.15 A.5.3.5: by `acervo import`, from a folder, a disc or an archive of files. */
const imported: EventMapping = {
  eventId: EVENT_ID.import,
  action: 'C',
  parts: [acting(ROLE.destination), { who: 'media', role: ROLE.sourceMedia }],
  when: { words: 'by `acervo import`', isSo: ({ door }) => door === 'import' },
};

/** PS3.15 A.5.3.4. */
const exported: EventMapping = {
  eventId: EVENT_ID.export,
  action: 'R',
  parts: [acting(ROLE.source), { who: 'media', role: ROLE.destinationMedia }],
};

/** PS3.15 A.5.3.11: reported by the archive; no performing participant may be the requestor. */
const alert = (type: Code): EventMapping => ({
  eventId: EVENT_ID.securityAlert,
  action: 'E',
  types: [type],
  parts: [{ who: 'archive' }, { who: 'actor', isRequestor: false }],
  subject: 'node',
});

/** What programs do about a study that is none of the other events. */
const activity: EventMapping = { eventId: EVENT_ID.applicationActivity, action: 'E', parts: [ACTOR] };

/** An alert of a thing of ours, such as a person or an agreement. */
const changed = (type: Code): EventMapping => ({ ...alert(type), subject: 'resource' });

/** PS3.15 A.5.3.12. DEVIATION: events of before version 2 of the envelope have no address of who logs in. */
const authentication = (type: Code): EventMapping => ({
  eventId: EVENT_ID.userAuthentication,
  action: 'E',
  types: [type],
  parts: [ACTOR, { who: 'archive' }],
});

const application = (type: Code): EventMapping => ({
  eventId: EVENT_ID.applicationActivity,
  action: 'E',
  types: [type],
  parts: [acting(ROLE.application)],
});

const commitment = (parts: readonly Part[]): EventMapping => ({
  eventId: EVENT_ID.storageCommitment,
  action: 'E',
  parts,
  subject: 'transaction',
});
const TOLD_BY_US: readonly Part[] = [
  { who: 'actor', role: ROLE.source, isRequestor: true },
  { who: 'peer', role: ROLE.destination },
];

/** PS3.15 A.5.3.14. */
const patientRecord = (action: Action): EventMapping => ({
  eventId: EVENT_ID.patientRecord,
  action,
  parts: [ACTOR],
});

/** PS3.15 A.5.3.2. */
const auditLogUsed: EventMapping = {
  eventId: EVENT_ID.auditLogUsed,
  action: 'R',
  parts: [ACTOR],
  subject: 'audit log',
};

const integrity: EventMapping = { eventId: EVENT_ID.integrity, action: 'E', parts: [ACTOR] };

const READINGS: readonly EventMapping[] = [
  {
    // PS3.15 A.5.3.3. The journal has a reading before its first byte leaves: what is told is that it begins.
    eventId: EVENT_ID.beginTransferring,
    action: 'E',
    parts: [archiveAs(ROLE.source), { who: 'peer', role: ROLE.destination }, ACTOR],
    when: { words: 'objects, sent to another system', isSo: ({ facts }) => facts['destination'] !== undefined },
  },
  {
    eventId: EVENT_ID.beginTransferring,
    action: 'E',
    parts: [archiveAs(ROLE.source), acting(ROLE.destination)],
    when: { words: 'objects', isSo: ({ facts }) => facts['aspect'] === 'objects' },
  },
  {
    eventId: EVENT_ID.export,
    action: 'R',
    parts: [acting(ROLE.destination), archiveAs(ROLE.source), { who: 'media', role: ROLE.destinationMedia }],
    when: { words: 'a ZIP archive', isSo: ({ facts }) => facts['aspect'] === 'zip' },
  },
  { eventId: EVENT_ID.instancesAccessed, action: 'R', parts: [ACTOR] },
];

/**
 * How each kind of event that a journal of this project may hold is told. The archive's own list of kinds is compared
 * with it where both are known, and does not compile without a row for each.
 */
export const EVENT_MAPPINGS = {
  'instance.stored': [imported, received('C')],
  'instance.resent': [received('R')],
  'instance.conflicted': [received('U')],
  'instance.refused': [received('C')],
  'association.refused': [alert(EVENT_TYPE.nodeAuthentication)],
  'study.retrieved': READINGS,
  'query.executed': [
    {
      eventId: EVENT_ID.query,
      action: 'E',
      parts: [acting(ROLE.source), archiveAs(ROLE.destination)],
      subject: 'query',
    },
  ],
  'import.started': [application(EVENT_TYPE.applicationStart)],
  'import.finished': [application(EVENT_TYPE.applicationStop)],
  'export.finished': [exported],
  'backup.finished': [exported],
  'system.described': [alert(EVENT_TYPE.networkConfiguration)],
  'system.removed': [alert(EVENT_TYPE.networkConfiguration)],
  'commitment.requested': [commitment([acting(ROLE.source), archiveAs(ROLE.destination)])],
  'commitment.reported': [commitment(TOLD_BY_US)],
  'commitment.abandoned': [commitment(TOLD_BY_US)],
  'commitment.asked': [commitment(TOLD_BY_US)],
  'commitment.answered': [commitment([{ ...ACTOR, role: ROLE.source }, archiveAs(ROLE.destination)])],
  'patient.linked': [patientRecord('U')],
  'patient.unlinked': [patientRecord('U')],
  'patient.collided': [patientRecord('R')],
  'secondary-use.refused': [patientRecord('U')],
  'secondary-use.permitted': [patientRecord('U')],
  'institution.described': [changed(EVENT_TYPE.securityConfiguration)],
  'facility.catalogued': [changed(EVENT_TYPE.securityConfiguration)],
  'person.described': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'person.removed': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'person.enrolled': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'role.granted': [changed(EVENT_TYPE.securityRolesChanged)],
  'role.ended': [changed(EVENT_TYPE.securityRolesChanged)],
  'sensitivity.marked': [changed(EVENT_TYPE.objectSecurityAttributesChanged)],
  'sensitivity.cleared': [changed(EVENT_TYPE.objectSecurityAttributesChanged)],
  'login.succeeded': [authentication(EVENT_TYPE.login)],
  'login.failed': [authentication(EVENT_TYPE.login)],
  'login.locked': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'login.restored': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'session.ended': [authentication(EVENT_TYPE.logout)],
  'webauthn.registered': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'webauthn.removed': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'webauthn.suspended': [changed(EVENT_TYPE.userSecurityAttributesChanged)],
  'access.denied': [changed(EVENT_TYPE.useOfRestrictedFunction)],
  'agreement.made': [changed(EVENT_TYPE.objectSecurityAttributesChanged)],
  'agreement.ended': [changed(EVENT_TYPE.objectSecurityAttributesChanged)],
  'referral.made': [changed(EVENT_TYPE.objectSecurityAttributesChanged)],
  'referral.ended': [changed(EVENT_TYPE.objectSecurityAttributesChanged)],
  'glass.broken': [changed(EVENT_TYPE.emergencyOverrideStarted)],
  'glass.reviewed': [changed(EVENT_TYPE.securityConfiguration)],
  'segment.sealed': [integrity],
  'key.rotated': [changed(EVENT_TYPE.securityConfiguration)],
  'key.replaced': [changed(EVENT_TYPE.securityConfiguration)],
  'checkpoint.witnessed': [integrity],
  'journal.retired': [auditLogUsed],
  'witness.signed': [integrity],
  'witness.refused': [integrity],
  'accesses.reported': [auditLogUsed],
  'case-file.made': [
    { ...exported, when: { words: 'with the objects', isSo: ({ facts }) => facts['aspect'] === 'objects' } },
    auditLogUsed,
  ],
  'audit.read': [auditLogUsed],
  'model.received': [changed(EVENT_TYPE.softwareConfiguration)],
  'model.refused': [changed(EVENT_TYPE.softwareConfiguration)],
  'model.damaged': [changed(EVENT_TYPE.softwareConfiguration)],
  'signer.trusted': [changed(EVENT_TYPE.securityConfiguration)],
  'signer.revoked': [changed(EVENT_TYPE.securityConfiguration)],
  'external-ai.described': [changed(EVENT_TYPE.softwareConfiguration)],
  'external-ai.retired': [changed(EVENT_TYPE.softwareConfiguration)],
  'approver.enrolled': [changed(EVENT_TYPE.securityConfiguration)],
  'approver.revoked': [changed(EVENT_TYPE.securityConfiguration)],
  'model.approved': [changed(EVENT_TYPE.softwareConfiguration)],
  'model.stepped': [changed(EVENT_TYPE.softwareConfiguration)],
  'model.step-refused': [changed(EVENT_TYPE.softwareConfiguration)],
  'site.ai-stopped': [changed(EVENT_TYPE.softwareConfiguration)],
  'ai-rule.added': [changed(EVENT_TYPE.securityConfiguration)],
  'ai-rule.removed': [changed(EVENT_TYPE.securityConfiguration)],
  'ai-task.made': [activity],
  'ai-task.ended': [activity],
  'ai-silent.compared': [activity],
  'ai-silent.deleted': [activity],
  'ai.result-shown': [activity],
  'ai.result-decided': [activity],
  'ai.incident-reported': [activity],
  'ai.incident-stepped': [activity],
  'ai-delivery.asked': [activity],
  'ai-delivery.ended': [activity],
  'ai-results.withdrawn': [activity],
  'ai-model.withdrawn': [activity],
} as const satisfies Record<string, readonly EventMapping[]>;

/** A kind that this version does not know: a later one wrote the journal. What its envelope says is told. */
const UNKNOWN: EventMapping = { eventId: EVENT_ID.applicationActivity, action: 'E', parts: [ACTOR] };

export function mappingOf(event: AuditableEvent): EventMapping {
  const mappings: readonly EventMapping[] = Object.hasOwn(EVENT_MAPPINGS, event.kind)
    ? EVENT_MAPPINGS[event.kind as keyof typeof EVENT_MAPPINGS]
    : [];
  return mappings.find(({ when }) => when === undefined || when.isSo(event)) ?? UNKNOWN;
}
