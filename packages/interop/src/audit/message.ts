import { base64Text } from '@acervo/dicom/json/base64.ts';
import type { Code } from './codes.ts';
import type { AuditRecord, Participant, ParticipantObject } from './record.ts';
import { element, type Xml, xmlText } from './xml.ts';

/** AuditSourceTypeCode (PS3.15 A.5.1.2.1): application server process. */
const APPLICATION_SERVER = '4';
/** NetworkAccessPointTypeCode: IP address. */
const IP_ADDRESS = '2';

/** The audit message of PS3.15 A.5.1, its elements in the order of the schema. */
export function auditMessageXml(record: AuditRecord): string {
  const { source } = record;
  return xmlText(
    element(
      'AuditMessage',
      [],
      [
        eventIdentification(record),
        ...record.participants.map(activeParticipant),
        element(
          'AuditSourceIdentification',
          [
            ['AuditEnterpriseSiteID', source.site],
            ['AuditSourceID', source.id],
          ],
          [element('AuditSourceTypeCode', [['csd-code', APPLICATION_SERVER]])],
        ),
        ...record.objects.map(participantObject),
      ],
    ),
  );
}

const coded = (name: string, { code, system, meaning }: Code): Xml =>
  element(name, [
    ['csd-code', code],
    ['codeSystemName', system],
    ['originalText', meaning],
  ]);

function eventIdentification(record: AuditRecord): Xml {
  const { eventId, action, at, outcome, types, outcomeDescription } = record;
  return element(
    'EventIdentification',
    [
      ['EventActionCode', action],
      ['EventDateTime', at],
      ['EventOutcomeIndicator', outcome],
    ],
    [
      coded('EventID', eventId),
      ...types.map((type) => coded('EventTypeCode', type)),
      ...(outcomeDescription === undefined ? [] : [element('EventOutcomeDescription', [], [outcomeDescription])]),
    ],
  );
}

function activeParticipant({ role, mediaType, address, ...participant }: Participant): Xml {
  return element(
    'ActiveParticipant',
    [
      ['UserID', participant.userId],
      ['AlternativeUserID', participant.alternativeUserId],
      ['UserName', participant.userName],
      ['UserIsRequestor', String(participant.isRequestor)],
      ['NetworkAccessPointID', address],
      ['NetworkAccessPointTypeCode', address === undefined ? undefined : IP_ADDRESS],
    ],
    [
      ...(role === undefined ? [] : [coded('RoleIDCode', role)]),
      ...(mediaType === undefined ? [] : [element('MediaIdentifier', [], [coded('MediaType', mediaType)])]),
    ],
  );
}

function participantObject({ idType, id, typeCode, role, name, query, details, instances }: ParticipantObject): Xml {
  return element(
    'ParticipantObjectIdentification',
    [
      ['ParticipantObjectID', id],
      ['ParticipantObjectTypeCode', typeCode],
      ['ParticipantObjectTypeCodeRole', role],
    ],
    [
      coded('ParticipantObjectIDTypeCode', idType),
      query === undefined
        ? element('ParticipantObjectName', [], [name ?? id])
        : element('ParticipantObjectQuery', [], [base64(query)]),
      ...details.map(([type, value]) =>
        element('ParticipantObjectDetail', [
          ['type', type],
          ['value', base64(value)],
        ]),
      ),
      ...(instances === undefined ? [] : [described(instances)]),
    ],
  );
}

const described = (instances: number): Xml =>
  element('ParticipantObjectDescription', [], [element('SOPClass', [['NumberOfInstances', String(instances)]])]);

/** PS3.15 A.5.1: values are base64, also where they are text: here UTF-8. */
const base64 = (text: string): string => base64Text(new TextEncoder().encode(text));
