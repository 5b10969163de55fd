import { COMMAND_BYTES_MAX, N_EVENT_REPORT_RQ } from '@acervo/dicom/dimse/command.ts';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '@acervo/dicom/part10.ts';
import { STORAGE_SOP_CLASSES } from '@acervo/dicom/sop-class.ts';
import { TRANSFER_SYNTAXES } from '@acervo/dicom/transfer-syntax.ts';
import { REJECT } from '@acervo/dicom/ul/pdu.ts';
import { FAILURES, type FailureCode } from '@acervo/kernel/failure.ts';
import { DIMSE_LIMITS } from '../../adapters/net/dimse-limits.ts';
import type { DimseService } from '../../bindings/dimse.ts';
import { PUSH_MODEL } from '../../features/commitment/data-set.ts';
import { STORED_WITH_WARNING } from '../../features/store/store.cstore.ts';
import type { Setting } from '../setting.ts';
import { SETTINGS } from '../settings.ts';
import { describeCommitment } from './commitment.ts';
import { describeFind, findModelsOf } from './find.ts';
import { code, digits, hex, mark, table } from './markdown.ts';
import { refusalRows } from './refusals.ts';
import { describeTransfer, retrieveModelOf } from './transfer.ts';

const VERIFICATION = '1.2.840.10008.1.1';

const COMMANDS: ReadonlyMap<number, string> = new Map([
  [0x0001, 'C-STORE'],
  [0x0010, 'C-GET'],
  [0x0020, 'C-FIND'],
  [0x0021, 'C-MOVE'],
  [0x0030, 'C-ECHO'],
  [0x0100, 'N-EVENT-REPORT'],
  [0x0130, 'N-ACTION'],
]);

/** Application entity, associations, presentation contexts and what C-STORE answers. */
export function describeDimse(services: readonly DimseService[]): string {
  return [
    '## 2 Application Entity\n',
    applicationEntity(services),
    '### 2.1 Association policies\n',
    associationPolicies(),
    '### 2.2 Rejections and aborts\n',
    rejections(),
    '### 2.3 Presentation contexts\n',
    presentationContexts(),
    '### 2.4 Storage SCP\n',
    storage(),
    '### 2.5 SOP classes accepted for storage\n',
    sopClasses(),
    '### 2.6 Transfer syntaxes\n',
    transferSyntaxes(),
    describeTransfer(),
    '### 2.9 Storage Commitment\n',
    describeCommitment(),
    describeFind(),
  ].join('\n');
}

function applicationEntity(services: readonly DimseService[]): string {
  const rows = services.map(({ commandField, accepts }) => [
    COMMANDS.get(commandField) ?? hex(commandField),
    commandField === N_EVENT_REPORT_RQ ? 'SCU' : 'SCP',
    classesOf(commandField, accepts),
  ]);
  const { env, byDefault = '' } = SETTINGS.aeTitle;
  return `One Application Entity, ${code(env)} (${code(byDefault)} by default). It accepts associations, and asks
for them as 2.8 and 2.9 say.

${table(['Service', 'Role', 'SOP classes'], rows)}

Implementation Class UID ${code(IMPLEMENTATION_CLASS_UID)}, Implementation Version Name \
${code(IMPLEMENTATION_VERSION_NAME)}.
A request for another service on an accepted context is answered ${hex(FAILURES['dimse/unrecognized'].dimse)}.
`;
}

function classesOf(commandField: number, accepts: DimseService['accepts']): string {
  if (accepts(VERIFICATION)) return `Verification, ${code(VERIFICATION)}`;
  if (accepts(PUSH_MODEL)) return `Storage Commitment Push Model, ${code(PUSH_MODEL)}`;
  return findModelsOf(commandField) ?? retrieveModelOf(commandField, accepts) ?? 'every SOP class of 2.5';
}

function associationPolicies(): string {
  const { idleMs, halfOpenMax, halfOpenPerAddressMax, paceBytesMin, drainBytesMax } = DIMSE_LIMITS;
  const { associationsMax, associationsPerAddressMax, pduBytesMax, artimMs, stallMs } = SETTINGS;
  const seconds = ({ byDefault = '', env }: Setting<unknown>): string => `${Number(byDefault) / 1000} s (\`${env}\`)`;
  const rows = [
    ['Application context', '`1.2.840.10008.3.1.1.1`; another one is rejected'],
    ['Called AE title', `must be \`${SETTINGS.aeTitle.env}\``],
    ['Calling AE title', 'must be known (`acervo systems`, `ACERVO_ACCESS_FILE`); under `ACERVO_ACCESS=open` any'],
    ['Associations at a time', `${associationsMax.byDefault} (\`${associationsMax.env}\`)`],
    ['of one address', `${associationsPerAddressMax.byDefault} (\`${associationsPerAddressMax.env}\`)`],
    [
      'of one institution, while at least three quarters are in use',
      'its fair share of them: all, divided by the institutions that hold one and one more, if there are others',
    ],
    ['Connections without an association', `${digits(halfOpenMax)}, of one address ${digits(halfOpenPerAddressMax)}`],
    ['Maximum Length offered', `${digits(Number(pduBytesMax.byDefault))} bytes (\`${pduBytesMax.env}\`)`],
    ['Maximum Length of the peer', 'any; 0 is no limit'],
    ['Asynchronous operations', 'not supported: one operation at a time is answered to a proposal'],
    [
      'SCP/SCU role selection',
      'answered; the requestor may be SCP of every SOP class of 2.5, for C-GET, and of Storage Commitment',
    ],
    ['User identity', 'not evaluated; a positive response, where asked for, is empty'],
    ['Extended negotiation', 'answered for C-FIND: 2.10'],
    ['ARTIM timer', seconds(artimMs)],
    ['Longest silence between messages', `${idleMs / 1000} s`],
    ['Longest silence within a message, or of a peer that does not read', seconds(stallMs)],
    ['Bytes of a message that have to come in that time', digits(paceBytesMin)],
    ['Command set', `at most ${digits(COMMAND_BYTES_MAX)} bytes`],
    ['Rest of a data set read after its refusal', `at most ${digits(drainBytesMax / 2 ** 20)} MiB, then A-ABORT`],
    ['Transport', 'TCP without TLS'],
  ];
  return `${table(['Policy', 'Value'], rows)}\n`;
}

const REJECTED_WHEN: Record<keyof typeof REJECT, string> = {
  applicationContextNotSupported: 'another application context',
  callingAetNotRecognized: 'the calling AE title is not known',
  calledAetNotRecognized: 'the called AE title is not ours',
  protocolVersionNotSupported: 'protocol version 1 is not among those proposed',
  temporaryCongestion: 'it cannot be decided now who calls',
  localLimitExceeded: 'all associations are in use',
};

function rejections(): string {
  const names = Object.keys(REJECT) as (keyof typeof REJECT)[];
  const rows = names.map((name) => {
    const { result, source, reason } = REJECT[name];
    return [`${result} / ${source} / ${reason}`, REJECTED_WHEN[name]];
  });
  return `${table(['Result / source / reason (PS3.8 9.3.4)', 'When'], rows)}

A PDU or command set that breaks the protocol ends the association with an A-ABORT of the service-provider, as the
state table of PS3.8 9.2 has it. A silent or stalled peer, and the peers of a server that stops, get an A-ABORT of the
service-user. So does the sender of an object whose outcome is not known (\`store/answer-lost\`): there is no
response, and it has to send again.
`;
}

function presentationContexts(): string {
  return `- Abstract syntax: those of the table above, and every storage SOP class of 2.5. Another one: result 3.
- Transfer syntax: the first proposed one of 2.6 that is neither retired nor deflates the whole data set; where there
  is none, the first proposed one of 2.6. None of 2.6: result 4.
- Objects are kept in the transfer syntax they came in. Propose a presentation context for each transfer syntax that
  objects are held in; then nothing is re-encoded on the way.
`;
}

/** Codes of the failure table that a C-STORE cannot end with, or that are not said. */
const OTHER_DOORS: readonly FailureCode[] = [
  'store/wrong-study',
  'store/answer-lost',
  'parse/not-part10',
  'parse/json',
];

function storage(): string {
  const refusals = refusalRows(OTHER_DOORS, ['dimse/bad-command', 'access/denied']);
  const rows = [
    ['0x0000', 'Success: durable and visible; or held already with the same content'],
    [hex(STORED_WITH_WARNING), 'Warning: durable, as a further version: the UIDs hold other content'],
    ...refusals,
  ];
  return `Level 2 (full) storage: every element is kept, private ones too, and none is changed. A response is sent when
the object is durable (one fdatasync of its segment) and found by queries. SOP Class and SOP Instance UID of command
and data set must agree; the data set must have valid Study, Series and SOP Instance UIDs (PS3.5 9.1).

${table(['Status', 'Meaning'], rows)}

Error Comment (0000,0902) says it in English. No element is coerced.
`;
}

function sopClasses(): string {
  const rows = STORAGE_SOP_CLASSES.map(({ uid, name, retired }) => [name, code(uid), mark(retired)]);
  return `${digits(rows.length)} classes, and besides them:

- what a later edition puts below \`1.2.840.10008.5.1.4.1.1.\` and is no class of another service;
- every private class: a valid UID outside of \`1.2.840.10008.\`.

Not accepted: Media Storage Directory, and the SOP classes of other services.

<details><summary>The classes of the standard, retired ones too</summary>

${table(['SOP class', 'UID', 'Retired'], rows)}

</details>
`;
}

function transferSyntaxes(): string {
  const rows = TRANSFER_SYNTAXES.map(({ uid, name, deflated, encapsulated, retired }) => {
    const pixels = encapsulated ? 'encapsulated' : deflated ? 'deflated' : 'native';
    return [name, code(uid), pixels, mark(retired)];
  });
  return `Accepted as containers by every door in. Nothing is decoded or encoded on the way in.

<details><summary>The ${digits(rows.length)} transfer syntaxes</summary>

${table(['Transfer syntax', 'UID', 'Data set', 'Retired'], rows)}

</details>
`;
}
