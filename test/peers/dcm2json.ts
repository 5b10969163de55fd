import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import type { Vr } from '@acervo/dicom/vr.ts';

const OUTPUT_BYTES_MAX = 1 << 28;

/** Where two tests of one run that ask the peer for the same files share its answers: set by scripts/test.js. */
const FOLDER_ENV = 'ACERVO_TEST_MADE';

/** What was said of a file, and whether its pixels had to go for that. */
type Answer = { isErased: boolean; text: string | undefined };

/** What the peer makes of a file; undefined when it refuses it. Compressed pixels, which it refuses, are erased. */
export function dcm2json(path: string): DicomJson | undefined {
  const kept = keptAnswer(path);
  const answer = kept?.answer ?? asked(path);
  if (kept?.answer?.isErased === true) eraseCompressed(path);
  if (kept?.answer === undefined) kept?.keep(answer);
  return answer.text === undefined ? undefined : parsePeer(answer.text);
}

function asked(path: string): Answer {
  const first = runDcm2json(path);
  if (first.status === 0) return { isErased: false, text: first.stdout };
  if (!first.stderr.includes('compressed pixel data')) return { isErased: false, text: undefined };
  eraseCompressed(path);
  const second = runDcm2json(path);
  return { isErased: true, text: second.status === 0 ? second.stdout : undefined };
}

/** The answer about these bytes that another test of the run had, and how to leave one for it. */
function keptAnswer(path: string): { answer: Answer | undefined; keep(answer: Answer): void } | undefined {
  const made = process.env[FOLDER_ENV];
  if (made === undefined || made === '') return undefined;
  const folder = join(made, 'dcm2json');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, createHash('sha256').update(readFileSync(path)).digest('hex'));
  return {
    answer: existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Answer) : undefined,
    keep: (answer) => {
      writeFileSync(`${file}.${process.pid}`, JSON.stringify(answer));
      renameSync(`${file}.${process.pid}`, file);
    },
  };
}

function eraseCompressed(path: string): void {
  execFileSync('dcmodify', ['--no-backup', '--quiet', '--erase-all', '(7fe0,0010)', path]);
}

function runDcm2json(path: string): { status: number | null; stdout: string; stderr: string } {
  const options = { encoding: 'utf8', maxBuffer: OUTPUT_BYTES_MAX } as const;
  return spawnSync('dcm2json', ['--encode-extended', '--compact-code', path], options);
}

/** With --encode-extended the peer writes inf and nan bare, which no JSON parser takes. */
function parsePeer(text: string): DicomJson {
  return JSON.parse(text.replaceAll(/([[,])(-?)(inf|nan)(?=[\],])/g, '$1"$2$3"')) as DicomJson;
}

/**
 * Both sides with what is known to differ made the same; binary values by their digest.
 * @param shown what we show of the same data set: a value that was sent as UN we read as the VR that the standard
 *   says (PS3.5 6.2.2), the peer as bytes, which are then read here.
 */
export function normal(json: DicomJson, shown: DicomJson = {}): unknown {
  return Object.fromEntries(
    Object.entries(json).map(([tag, element]) => {
      const { vr, Value = [], InlineBinary } = asShown(element, shown[tag]?.vr);
      if (vr === 'SQ') {
        const items = shown[tag]?.Value ?? [];
        return [tag, { vr, items: Value.map((item, index) => normal(item as DicomJson, items[index] as DicomJson)) }];
      }
      // The peer changes (0008,0005) at the top only, though it decodes the items, too.
      if (tag === '00080005') return [tag, 'declared'];
      if (InlineBinary !== undefined) return [tag, { vr, digest: digestOf(InlineBinary) }];
      const values = Value.map((value) => normalValue(vr, value));
      // We keep how many empty values there are; the peer shows none where all are empty.
      return [tag, values.every((value) => value === null) ? { vr } : { vr, values }];
    }),
  );
}

type JsonElement = DicomJson[string];

/** A UN of the peer that we show as something else, read as that. Of numbers only US and one AT are in the corpus. */
function asShown(element: JsonElement, shownVr: Vr | undefined): JsonElement {
  const { vr, InlineBinary } = element;
  if (vr !== 'UN' || shownVr === undefined || shownVr === 'UN') return element;
  if (InlineBinary === undefined) return { ...element, vr: shownVr };
  const bytes = Buffer.from(InlineBinary, 'base64');
  const numbers = Array.from({ length: bytes.length >> 1 }, (_, index) => bytes.readUInt16LE(2 * index));
  if (shownVr === 'US') return { vr: shownVr, Value: numbers };
  if (shownVr === 'AT') return { vr: shownVr, Value: [numbers.map((word) => hex4(word)).join('')] };
  const texts = bytes
    .toString('latin1')
    .split('\\')
    .map((text) => text.replace(/[ \0]+$/, ''));
  return { vr: shownVr, Value: texts.map((text) => valueOf(shownVr, text)) };
}

const hex4 = (word: number): string => word.toString(16).padStart(4, '0').toUpperCase();

function valueOf(vr: string, text: string): string | null | { Alphabetic: string } {
  if (text === '') return null;
  return vr === 'PN' ? { Alphabetic: text } : text;
}

/** A value of odd length stays odd; the peer pads it on reading. */
function digestOf(base64: string): string {
  const bytes = Buffer.from(base64, 'base64');
  const even = bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(1)]);
  return createHash('sha256').update(even).digest('hex');
}

/** 17 digits tell doubles apart, yet the peer errs in the last of them for large exponents. */
const DOUBLE_DIGITS = 14;

/** Numbers have 0 added since the peer writes -0 as 0. */
function normalValue(vr: string, value: unknown): unknown {
  if (value === null) return null;
  switch (vr) {
    // The peer writes nine digits of a float, which tell it, and we the double that it is.
    case 'FL':
      return typeof value === 'number' ? Math.fround(value) + 0 : notFinite(value);
    case 'FD':
      return typeof value === 'number' ? value.toPrecision(DOUBLE_DIGITS) : notFinite(value);
    // The peer writes a text of more than 16 characters as a string; we, any that a double has exactly.
    case 'DS':
    case 'IS':
      return Number(value) + 0;
    // The peer drops empty components at the end of a name.
    case 'PN':
      return normalName(value as Record<string, string>);
    // The peer keeps zero bytes that pad a text.
    default:
      return typeof value === 'string' ? value.replace(/\0+$/, '') || null : value;
  }
}

const notFinite = (value: unknown): string => String(value).replace('Infinity', 'inf').replace('NaN', 'nan');

function normalName(name: Record<string, string>): unknown {
  const groups = Object.entries(name).map(([group, text]) => [group, text.replace(/\^+$/, '')]);
  const filled = groups.filter(([, text]) => text !== '');
  return filled.length === 0 ? null : Object.fromEntries(filled);
}
