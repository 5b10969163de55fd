/** A code of a vocabulary, as PS3.15 A.5.1 writes it: csd-code, codeSystemName, originalText. */
export type Code = { code: string; system: CodeSystem; meaning: string };

/** By what an audit message calls them. PS3.16 8: designators of private vocabularies begin with 99. */
export type CodeSystem = 'DCM' | 'RFC-3881' | '99ACERVO';

const dcm = (code: string, meaning: string): Code => ({ code, system: 'DCM', meaning });
const rfc3881 = (code: string, meaning: string): Code => ({ code, system: 'RFC-3881', meaning });
export const acervo = (code: string, meaning: string): Code => ({ code, system: '99ACERVO', meaning });

/**
 * Events of PS3.16 CID 400 that an archive can report. The value set is extensible: what A.5.3 has no message for has
 * a code of ours, rather than the code of something that did not happen.
 */
export const EVENT_ID = {
  applicationActivity: dcm('110100', 'Application Activity'),
  auditLogUsed: dcm('110101', 'Audit Log Used'),
  beginTransferring: dcm('110102', 'Begin Transferring DICOM Instances'),
  instancesAccessed: dcm('110103', 'DICOM Instances Accessed'),
  instancesTransferred: dcm('110104', 'DICOM Instances Transferred'),
  export: dcm('110106', 'Export'),
  import: dcm('110107', 'Import'),
  patientRecord: dcm('110110', 'Patient Record'),
  query: dcm('110112', 'Query'),
  securityAlert: dcm('110113', 'Security Alert'),
  userAuthentication: dcm('110114', 'User Authentication'),
  integrity: acervo('integrity', 'Integrity of what is kept'),
  storageCommitment: acervo('storage-commitment', 'Storage Commitment'),
} as const satisfies Record<string, Code>;

/** Types of events: PS3.16 CID 401 and CID 403. */
export const EVENT_TYPE = {
  applicationStart: dcm('110120', 'Application Start'),
  applicationStop: dcm('110121', 'Application Stop'),
  login: dcm('110122', 'Login'),
  logout: dcm('110123', 'Logout'),
  nodeAuthentication: dcm('110126', 'Node Authentication'),
  emergencyOverrideStarted: dcm('110127', 'Emergency Override Started'),
  networkConfiguration: dcm('110128', 'Network Configuration'),
  securityConfiguration: dcm('110129', 'Security Configuration'),
  softwareConfiguration: dcm('110131', 'Software Configuration'),
  useOfRestrictedFunction: dcm('110132', 'Use of Restricted Function'),
  objectSecurityAttributesChanged: dcm('110135', 'Object Security Attributes Changed'),
  securityRolesChanged: dcm('110136', 'Security Roles Changed'),
  userSecurityAttributesChanged: dcm('110137', 'User security Attributes Changed'),
} as const satisfies Record<string, Code>;

/** What an active participant does: PS3.16 CID 402. */
export const ROLE = {
  application: dcm('110150', 'Application'),
  applicationLauncher: dcm('110151', 'Application Launcher'),
  destination: dcm('110152', 'Destination Role ID'),
  source: dcm('110153', 'Source Role ID'),
  destinationMedia: dcm('110154', 'Destination Media'),
  sourceMedia: dcm('110155', 'Source Media'),
} as const satisfies Record<string, Code>;

/** What a Participant Object ID is: PS3.16 CID 404 and the values of PS3.15 A.5.1.2.4. */
export const ID_TYPE = {
  study: dcm('110180', 'Study Instance UID'),
  node: dcm('110182', 'Node ID'),
  patient: rfc3881('2', 'Patient Number'),
  searchCriteria: rfc3881('10', 'Search Criteria'),
  uri: rfc3881('12', 'URI'),
  transaction: acervo('transaction', 'Transaction UID'),
} as const satisfies Record<string, Code>;

/** PS3.16 CID 405: what media are. A folder or a download is told by where it lies. */
export const MEDIA_TYPE_URI: Code = dcm('110037', 'URI');

/** PS3.15 A.5.1: EventActionCode. */
export type Action = 'C' | 'R' | 'U' | 'D' | 'E';
