import { base64Text } from '@acervo/dicom/json/base64.ts';
import type { Code, CodeSystem } from './codes.ts';
import type { AuditRecord, Participant, ParticipantObject } from './record.ts';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
const SYSTEMS: Record<CodeSystem, string> = {
  DCM,
  'RFC-3881': 'urn:ietf:rfc:3881',
  '99ACERVO': 'urn:acervo:audit',
};
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem';

/** Purposes of use of the directory as codes of HL7 v3 ActReason, whose value set PurposeOfUse FHIR binds. */
const PURPOSES: Readonly<Record<string, string>> = {
  TREATMENT: 'TREAT',
  EMERGENCY: 'ETREAT',
  OPERATIONS: 'HOPERAT',
  AUDIT: 'HCOMPL',
  PUBLIC_HEALTH: 'PUBHLTH',
  RESEARCH: 'HRESCH',
  PATIENT: 'PATRQT',
};
const OBJECT_TYPES = { '1': 'Person', '2': 'System Object' } as const;
const OBJECT_ROLES = { '1': 'Patient', '3': 'Report', '13': 'Security Resource', '20': 'Job' } as const;
/** FHIR types of what is referred to, where it has one. */
const REFERENCE_TYPES: Partial<Record<ParticipantObject['what'], string>> = {
  study: 'ImagingStudy',
  patient: 'Patient',
  node: 'Device',
};

/** A resource as JSON. */
export type FhirResource = { readonly resourceType: string; readonly [name: string]: unknown };

/** The AuditEvent of FHIR R4, in the manner of IHE BALP: the same codes and roles as the audit message of DICOM. */
export function auditEventOf(record: AuditRecord): FhirResource {
  const { id, at, eventId, types, action, outcome, outcomeDescription, participants, objects, source } = record;
  return {
    resourceType: 'AuditEvent',
    id,
    meta: { lastUpdated: at },
    type: coding(eventId),
    subtype: types.map(coding),
    action,
    recorded: at,
    outcome,
    ...(outcomeDescription !== undefined && { outcomeDesc: outcomeDescription }),
    ...(record.purpose !== '' && { purposeOfEvent: [purpose(record.purpose)] }),
    agent: participants.map((participant) => agent(participant, record.purpose)),
    source: {
      ...(source.site !== '' && { site: source.site }),
      observer: { identifier: { value: source.id }, display: 'Acervo' },
      type: [{ system: `${TERMINOLOGY}/security-source-type`, code: '4', display: 'Application Server' }],
    },
    entity: objects.map(entity),
  };
}

const coding = ({ code, system, meaning }: Code): object => ({ system: SYSTEMS[system], code, display: meaning });

function purpose(text: string): object {
  const code = PURPOSES[text];
  return code === undefined ? { text } : { coding: [{ system: `${TERMINOLOGY}/v3-ActReason`, code }], text };
}

function agent(participant: Participant, purposeOfUse: string): object {
  const { role, mediaType, userId, alternativeUserId, userName, isRequestor, address } = participant;
  return {
    ...(role !== undefined && { type: { coding: [coding(role)] } }),
    who: { identifier: { value: userId } },
    ...(alternativeUserId !== undefined && { altId: alternativeUserId }),
    ...(userName !== undefined && { name: userName }),
    requestor: isRequestor,
    ...(mediaType !== undefined && { media: coding(mediaType) }),
    ...(address !== undefined && { network: { address, type: '2' } }),
    ...(isRequestor && purposeOfUse !== '' && { purposeOfUse: [purpose(purposeOfUse)] }),
  };
}

function entity({ what, id, typeCode, role, name, query, details, instances }: ParticipantObject): object {
  const type = REFERENCE_TYPES[what];
  const counted = instances === undefined ? [] : [['NumberOfInstances', String(instances)] as const];
  const told = [...details, ...counted].map(([detail, valueString]) => ({ type: detail, valueString }));
  return {
    what: { ...(type !== undefined && { type }), identifier: identifier(what, id) },
    type: { system: `${TERMINOLOGY}/audit-entity-type`, code: typeCode, display: OBJECT_TYPES[typeCode] },
    role: { system: `${TERMINOLOGY}/object-role`, code: role, display: OBJECT_ROLES[role] },
    // Invariant sev-1: a name or a query, never both.
    ...(query === undefined ? { name } : { query: base64Text(new TextEncoder().encode(query)) }),
    ...(told.length > 0 && { detail: told }),
  };
}

/** DICOM UIDs as FHIR has them (R4 imagingstudy 5.6): urn:oid of the system urn:dicom:uid. */
function identifier(what: ParticipantObject['what'], id: string): object {
  if (what === 'study' || what === 'transaction') return { system: 'urn:dicom:uid', value: `urn:oid:${id}` };
  if (what === 'journal event' || what === 'audit log' || what === 'resource')
    return { system: 'urn:ietf:rfc:3986', value: id };
  return { value: id };
}
