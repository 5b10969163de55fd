import { C_GET_RQ, C_MOVE_RQ } from '@acervo/dicom/dimse/command.ts';
import { CONTEXTS_MAX } from '../../bindings/dimse-scu.ts';
import { IDENTIFIER_BYTES_MAX, MODELS } from '../../features/transfer/identifier.ts';
import { SETTINGS } from '../settings.ts';
import { code, digits, table } from './markdown.ts';

/** The information model of a C-MOVE or C-GET service, as text; undefined for another service. */
export function retrieveModelOf(commandField: number, accepts: (uid: string) => boolean): string | undefined {
  if (commandField !== C_MOVE_RQ && commandField !== C_GET_RQ) return undefined;
  const uidOf = (model: (typeof MODELS)[number]): string => (commandField === C_MOVE_RQ ? model.move : model.get);
  const model = MODELS.find((each) => accepts(uidOf(each)));
  return model && `${model.name}, ${code(uidOf(model))}`;
}

/** Query/Retrieve SCP as far as it retrieves, and what the archive asks of others. */
export const describeTransfer = (): string => [retrieveScp(), scu()].join('\n');

const STATUSES = [
  ['0xFF00', 'Pending: at changes, at most five a second; of a C-MOVE each second in any case'],
  ['0x0000', 'Success: every sub-operation completed; or nothing matches that the caller may see'],
  ['0xB000', 'Warning: some sub-operations failed, or were answered with a warning'],
  ['0xA702', 'Refused: every sub-operation failed'],
  ['0xA801', 'Refused: Move Destination unknown, no destination, or not to be seen by the caller'],
  ['0xA900', 'Identifier does not match SOP Class (`retrieve/bad-identifier`)'],
  ['0xFE00', 'Cancel: between two sub-operations'],
  ['0x0110', 'Several institutions hold the study, none of them the caller’s own (`retrieve/ambiguous`)'],
  ['0x0124', 'Not authorized (`access/denied`)'],
  ['0xA700', 'Index not reachable now (`database/unavailable`)'],
];

function retrieveScp(): string {
  const rows = MODELS.map(({ name, move, get, levels }) => [name, code(move), code(get), levels.join(', ')]);
  return `### 2.7 Retrieve SCP

${table(['Information model', 'C-MOVE', 'C-GET', 'Levels'], rows)}

The Identifier (at most ${digits(IDENTIFIER_BYTES_MAX)} bytes) has the unique key of its level, as a list of UIDs or one
Patient ID, and one value of each UID above. A Patient ID above a study, and keys that are no unique keys, are passed
over. Relational retrieval is agreed on by SOP Class Extended Negotiation (first byte): UIDs above the level may then
be left out. Enhanced multi-frame conversion (second byte) is not. Retrieved are the first versions of the objects
(2.4), in the order of Series Number and Instance Number.

An object goes out in the transfer syntax that it is held in where the receiver accepted that for its SOP class: the
bytes of the data set as they came in. Else in the first of the system’s configured transfer syntaxes, of Explicit and
Implicit VR Little Endian, or of others that were accepted, in which it can be given without loss; lossy compressed
pixels are decoded. Where that cannot be, its sub-operation fails.

| Status | Meaning |
|---|---|
${STATUSES.map(([status, meaning]) => `| ${status} | ${meaning} |`).join('\n')}

Final responses have the numbers of completed, failed and warning sub-operations, the others also of the remaining
ones; a number is at most 65 535. Failed SOP Instance UID List (0008,0058) is sent with 0xB000, 0xA702 and 0xFE00 where
anything failed, to a length of 65 534 bytes. Error Comment (0000,0902) names the most frequent reason.

C-MOVE: one association to the destination at a time, with a context for each pair of SOP class and transfer syntax;
where more than ${digits(CONTEXTS_MAX)} are needed, several associations in turn. Move Originator AE title and Message
ID are set. A destination that is lost is not called again for the same C-MOVE. At most
${SETTINGS.outgoingAssociationsMax.byDefault} associations are asked for at a time
(${code(SETTINGS.outgoingAssociationsMax.env)}); further C-MOVEs wait, and their requestors hear Pending.
`;
}

const scu = (): string => `### 2.8 Associations that the archive asks for

| For | Service | Role |
|---|---|---|
| C-MOVE of 2.7, \`acervo send\` | Storage: C-STORE | SCU |
| \`acervo pull\` | Study Root Query/Retrieve: C-FIND at STUDY, SERIES and IMAGE level; C-MOVE, or C-GET | SCU |
| \`acervo query\` | Study and Patient Root Query/Retrieve: C-FIND at every level | SCU |
| \`acervo pull --get\` | Storage: C-STORE, by role selection | SCP |

Calling AE title ${code(SETTINGS.aeTitle.env)}. The longest wait for the other side is
${code(SETTINGS.outgoingTimeoutMs.env)} (${digits(Number(SETTINGS.outgoingTimeoutMs.byDefault))} ms).
`;
