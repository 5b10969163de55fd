import type { Code } from '@acervo/interop/audit/codes.ts';
import type { EventMapping } from '@acervo/interop/audit/kinds.ts';
import { MAPPINGS } from '../../features/audit-export/sealed.ts';
import { SETTINGS } from '../settings.ts';
import { code, table } from './markdown.ts';

const coded = ({ code: value, system, meaning }: Code): string => `${value} ${system} ${meaning}`;

const PARTS = { actor: 'who acted', archive: 'Acervo', peer: 'the other system', media: 'the medium' } as const;

const COLUMNS = ['Event of the journal', 'EventID', 'Action', 'EventTypeCode', 'ActiveParticipant (role)'];

/** Audit messages (PS3.15 A.5, A.6): what each event of the journal is told as. */
export function describeAudit(): string {
  const rows = Object.entries<readonly EventMapping[]>(MAPPINGS).flatMap(([kind, mappings]) =>
    mappings.map(({ eventId, action, types = [], parts, when }) => [
      `${code(kind)}${when === undefined ? '' : `, ${when.words}`}`,
      coded(eventId),
      action,
      types.map(coded).join(', '),
      parts.map((part) => `${PARTS[part.who]}${part.role === undefined ? '' : ` (${part.role.code})`}`).join(', '),
    ]),
  );
  return `### 6.1 Audit trail (PS3.15 A.5, A.6)

With ${code(SETTINGS.auditSyslog.env)} every event of the sealed journal is sent as an audit message of the Audit Trail
Message Format Profile, by the Audit Trail Message Transmission Profile - SYSLOG-TLS: RFC 5425 octet counting over TLS
with certificates of both sides, RFC 5424 with PRI 85, MSGID ${code('DICOM+RFC3881')}, a byte order mark, no structured
data. At least once (decision 0033): a receiver must expect the same message again. Received messages: none are
processed. Which events are sent cannot be chosen. The same events are FHIR R4 AuditEvents:
${code('GET /fhir/AuditEvent')}.

${table(COLUMNS, rows)}

- EventTypeCode always has the journal's kind, too, in the private scheme ${code('99ACERVO')}.
- EventOutcomeIndicator: 0, 4 for a warning, 8 for a failure; the description is a code of the table of failures.
- UserID: of a system its AE title or the name of its token, of a person its id in the directory, of a process its name,
  of the archive AE title ${code('@')} host. AE titles stand in AlternativeUserID as well. AuditSourceID is that of the
  archive, AuditEnterpriseSiteID ${code(SETTINGS.institution.env)}.
- The last ParticipantObject of each message is the event of the journal: ${code('urn:uuid:')} and its id, with its
  number, its hash in the chain, institution, door, purpose of use, and plain facts as details.
- DEVIATION: patients (A.5.3.3 to A.5.3.8) are told where the journal has them, which is for linked ones: the journal of
  stores and retrievals has the study alone. Names are never told.
- DEVIATION: a refused object has no study; its message (A.5.3.7) has none. The query of A.5.3.10 is the level and the
  names of its keys: the journal has no values.
- DEVIATION: instances are counted, not listed. The medium of an import or export is named by the operation, since the
  journal has no path.
`;
}
