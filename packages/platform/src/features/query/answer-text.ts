import { findAttribute } from '@acervo/dicom/dictionary.ts';
import type { DicomJson } from '@acervo/dicom/json/to-json.ts';
import type { FindAnswer } from './query.scu.ts';

/** Data sets as people read them: a line for each attribute, items of sequences indented. */
export function linesOf(json: DicomJson, indent = ''): string[] {
  return Object.entries(json).flatMap(([name, { vr, Value = [] }]) => {
    const title = `${indent}${findAttribute(Number.parseInt(name, 16))?.keyword ?? name}`;
    if (vr !== 'SQ') return [`${title} = ${Value.map(valueText).join(' \\ ')}`.trimEnd()];
    return [`${title}:`, ...Value.flatMap((item) => linesOf(item as DicomJson, `${indent}  `))];
  });
}

function valueText(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const { Alphabetic = '', Ideographic = '', Phonetic = '' } = value as Record<string, string>;
    return [Alphabetic, Ideographic, Phonetic].join('=').replace(/=+$/, '');
  }
  return value === null ? '' : visible(String(value));
}

/** What another archive sends may not move a terminal's cursor. */
const visible = (text: string): string => text.replaceAll(/\p{Cc}/gu, '\ufffd');

const MARKS = {
  missing: 'none was declared, and there is more than ASCII',
  wrong: 'the bytes are not in the set declared',
  'unknown-term': 'the term declared is not of the standard',
} as const;

/** How the text of an answer was read. */
export function charsetText({ declared, chosen: { charset, mark } }: FindAnswer): string {
  const said = declared.length === 0 ? 'no character set declared' : `declared ${visible(declared.join('\\'))}`;
  return `${said}, read as ${charset.terms.join('\\')}${mark === undefined ? '' : `: ${MARKS[mark]}`}`;
}
