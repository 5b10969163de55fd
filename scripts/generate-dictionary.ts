/**
 * Writes packages/dicom/src/generated/{attributes,sop-classes}.ts from the tables of the DICOM standard,
 * edition January 2025, as JSON beside this checkout (../shared/reference-data/dicom-standard), and from
 * the lists below, which hold what those tables lack. Facts only: tags, keywords, VRs, VMs, UIDs, names.
 *
 * Run: node scripts/generate-dictionary.ts
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const SOURCE = join(ROOT, '../shared/reference-data/dicom-standard');
const TARGET = join(ROOT, 'packages/dicom/src/generated');
const LINE_CHARS_MAX = 120;

type AttributeRow = {
  id: string;
  keyword: string;
  valueRepresentation: string;
  valueMultiplicity: string;
  retired: 'Y' | 'N';
};
type SopRow = { id: string; name: string };

/** The command set, PS3.7 tables E.1-1 and E.2-1 (retired): tag, VR, VM, R where retired, keyword. */
const COMMAND_SET = `
00000000 UL 1 - CommandGroupLength
00000001 UL 1 R CommandLengthToEnd
00000002 UI 1 - AffectedSOPClassUID
00000003 UI 1 - RequestedSOPClassUID
00000010 SH 1 R CommandRecognitionCode
00000100 US 1 - CommandField
00000110 US 1 - MessageID
00000120 US 1 - MessageIDBeingRespondedTo
00000200 AE 1 R Initiator
00000300 AE 1 R Receiver
00000400 AE 1 R FindLocation
00000600 AE 1 - MoveDestination
00000700 US 1 - Priority
00000800 US 1 - CommandDataSetType
00000850 US 1 R NumberOfMatches
00000860 US 1 R ResponseSequenceNumber
00000900 US 1 - Status
00000901 AT 1-n - OffendingElement
00000902 LO 1 - ErrorComment
00000903 US 1 - ErrorID
00001000 UI 1 - AffectedSOPInstanceUID
00001001 UI 1 - RequestedSOPInstanceUID
00001002 US 1 - EventTypeID
00001005 AT 1-n - AttributeIdentifierList
00001008 US 1 - ActionTypeID
00001020 US 1 - NumberOfRemainingSuboperations
00001021 US 1 - NumberOfCompletedSuboperations
00001022 US 1 - NumberOfFailedSuboperations
00001023 US 1 - NumberOfWarningSuboperations
00001030 AE 1 - MoveOriginatorApplicationEntityTitle
00001031 US 1 - MoveOriginatorMessageID
00004000 LT 1 R DialogReceiver
00004010 LT 1 R TerminalType
00005010 SH 1 R MessageSetID
00005020 SH 1 R EndMessageID
00005110 LT 1 R DisplayFormat
00005120 LT 1 R PagePositionID
00005130 CS 1 R TextFormatID
00005140 CS 1 R NormalReverse
00005150 CS 1 R AddGrayScale
00005160 CS 1 R Borders
00005170 IS 1 R Copies
00005180 CS 1 R CommandMagnificationType
00005190 CS 1 R Erase
000051A0 CS 1 R Print
000051B0 US 1-n R Overlays
`;

/**
 * Storage SOP classes that PS3.4 no longer tabulates (retired, PS3.6 table A-1), that another standard
 * registered there (DICOS, DICONDE), or that came after the edition: UID, R where retired, name.
 */
const MORE_SOP_CLASSES = `
1.2.840.10008.5.1.1.27 R Stored Print Storage
1.2.840.10008.5.1.1.29 R Hardcopy Grayscale Image Storage
1.2.840.10008.5.1.1.30 R Hardcopy Color Image Storage
1.2.840.10008.5.1.4.1.1.3 R Ultrasound Multi-frame Image Storage
1.2.840.10008.5.1.4.1.1.5 R Nuclear Medicine Image Storage
1.2.840.10008.5.1.4.1.1.6 R Ultrasound Image Storage
1.2.840.10008.5.1.4.1.1.8 R Standalone Overlay Storage
1.2.840.10008.5.1.4.1.1.9 R Standalone Curve Storage
1.2.840.10008.5.1.4.1.1.9.1 R Waveform Storage - Trial
1.2.840.10008.5.1.4.1.1.9.100.1 - Waveform Presentation State Storage
1.2.840.10008.5.1.4.1.1.9.100.2 - Waveform Acquisition Presentation State Storage
1.2.840.10008.5.1.4.1.1.10 R Standalone Modality LUT Storage
1.2.840.10008.5.1.4.1.1.11 R Standalone VOI LUT Storage
1.2.840.10008.5.1.4.1.1.12.3 R X-Ray Angiographic Bi-Plane Image Storage
1.2.840.10008.5.1.4.1.1.66.7 - Label Map Segmentation Storage
1.2.840.10008.5.1.4.1.1.66.8 - Height Map Segmentation Storage
1.2.840.10008.5.1.4.1.1.77.1 R VL Image Storage - Trial
1.2.840.10008.5.1.4.1.1.77.2 R VL Multi-frame Image Storage - Trial
1.2.840.10008.5.1.4.1.1.88.1 R Text SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.2 R Audio SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.3 R Detail SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.4 R Comprehensive SR Storage - Trial
1.2.840.10008.5.1.4.1.1.88.77 - Waveform Annotation SR Storage
1.2.840.10008.5.1.4.1.1.129 R Standalone PET Curve Storage
1.2.840.10008.5.1.4.1.1.501.1 - DICOS CT Image Storage
1.2.840.10008.5.1.4.1.1.501.2.1 - DICOS Digital X-Ray Image Storage - For Presentation
1.2.840.10008.5.1.4.1.1.501.2.2 - DICOS Digital X-Ray Image Storage - For Processing
1.2.840.10008.5.1.4.1.1.501.3 - DICOS Threat Detection Report Storage
1.2.840.10008.5.1.4.1.1.501.4 - DICOS 2D AIT Storage
1.2.840.10008.5.1.4.1.1.501.5 - DICOS 3D AIT Storage
1.2.840.10008.5.1.4.1.1.501.6 - DICOS Quadrupole Resonance (QR) Storage
1.2.840.10008.5.1.4.1.1.601.1 - Eddy Current Image Storage
1.2.840.10008.5.1.4.1.1.601.2 - Eddy Current Multi-frame Image Storage
1.2.840.10008.5.1.4.34.1 R RT Beams Delivery Instruction Storage - Trial
`;

/** In the tables of PS3.4, but a C-STORE never carries it: the directory of a medium (PS3.4 I.4). */
const NOT_STORED = new Set(['1.2.840.10008.1.3.10']);

const HEADER = `/**
 * Generated by scripts/generate-dictionary.ts from the tables of the DICOM standard, edition January 2025
 * (PS3.4, PS3.6, PS3.7; JSON of github.com/innolitics/dicom-standard, MIT). Do not edit by hand.
 */`;

function read<Row>(file: string): Row[] {
  return JSON.parse(readFileSync(join(SOURCE, file), 'utf8')) as Row[];
}

/** `US or SS` becomes `US/SS`. Items and delimiters have no VR (PS3.5 7.5): they are told as UN. */
function vrColumn(valueRepresentation: string): string {
  return valueRepresentation === 'See Note 2' ? 'UN' : valueRepresentation.replaceAll(' or ', '/');
}

/** Rows without a keyword are tags that were withdrawn before they meant anything: left out. */
function attributeLines(): string[] {
  const lines = COMMAND_SET.trim().split('\n');
  for (const row of read<AttributeRow>('attributes.json')) {
    if (row.keyword === '') continue;
    const tag = row.id.toUpperCase().replaceAll('X', 'x');
    const vm = row.valueMultiplicity.replace('1-n or 1', '1-n');
    lines.push(`${tag} ${vrColumn(row.valueRepresentation)} ${vm} ${row.retired === 'Y' ? 'R' : '-'} ${row.keyword}`);
  }
  return [...new Set(lines)].sort();
}

function sopClassLines(): string[] {
  const lines = MORE_SOP_CLASSES.trim().split('\n');
  const listed = new Set(lines.map((line) => line.split(' ')[0]));
  for (const row of read<SopRow>('sops.json')) {
    if (NOT_STORED.has(row.id) || listed.has(row.id)) continue;
    lines.push(`${row.id} - ${row.name}`);
  }
  return lines.sort(byUid);
}

function byUid(a: string, b: string): number {
  const [left, right] = [a, b].map((line) => (line.split(' ')[0] ?? '').split('.').map(Number));
  for (let index = 0; ; index++) {
    const [x, y] = [left?.[index] ?? -1, right?.[index] ?? -1];
    if (x !== y) return x - y;
    if (x === -1) return 0;
  }
}

function write(file: string, name: string, doc: string, lines: readonly string[]): void {
  const long = lines.find((line) => line.length > LINE_CHARS_MAX || /[`\\$]/.test(line));
  if (long !== undefined) throw new Error(`cannot be written as it is: ${long}`);
  const body = `${HEADER}\n\n/** ${doc} */\nexport const ${name} = \`\n${lines.join('\n')}\n\`;\n`;
  writeFileSync(join(TARGET, file), body);
}

mkdirSync(TARGET, { recursive: true });
write(
  'attributes.ts',
  'ATTRIBUTES',
  'One attribute a line: tag (x is any digit), VRs, VM, R if retired, keyword.',
  attributeLines(),
);
write('sop-classes.ts', 'SOP_CLASSES', 'One storage SOP class a line: UID, R if retired, name.', sopClassLines());
