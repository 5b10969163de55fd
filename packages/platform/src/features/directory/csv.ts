/** A record of a CSV file with the number of the line that it begins at, from 1. */
export type CsvRecord = { line: number; fields: readonly string[] };

const DELIMITERS = [',', ';', '|', '\t'] as const;

/** The delimiter of which the first line has the most. */
export function delimiterOf(text: string): string {
  const [head = ''] = text.split(/\r?\n/, 1);
  const counted = DELIMITERS.map((delimiter) => ({ delimiter, count: head.split(delimiter).length }));
  return counted.reduce((best, each) => (each.count > best.count ? each : best)).delimiter;
}

/**
 * Records of RFC 4180, with any delimiter; line ends are CRLF or LF, empty lines are none. A quote that is never closed
 * takes what is left.
 */
export function* csvRecords(text: string, delimiter: string): Generator<CsvRecord> {
  let at = 0;
  let line = 1;
  while (at < text.length) {
    const fields: string[] = [];
    const begin = line;
    let isLast = false;
    while (!isLast) {
      const field = fieldAt(text, at, delimiter);
      fields.push(field.value);
      line += field.lines;
      at = field.next;
      isLast = field.isLast;
    }
    line += 1;
    if (fields.length > 1 || fields[0] !== '') yield { line: begin, fields };
  }
}

/** A field, where the next one begins, and whether the record ends with it. `lines`: line ends within quotes. */
type Field = { value: string; next: number; isLast: boolean; lines: number };

function fieldAt(text: string, at: number, delimiter: string): Field {
  const quoted = text[at] === '"' ? quotedAt(text, at) : { value: '', end: at };
  const rest = endOfField(text, quoted.end, delimiter);
  const plain = text.slice(quoted.end, rest.end);
  const value = quoted.value + (plain.endsWith('\r') && rest.isLast ? plain.slice(0, -1) : plain);
  return { value, next: rest.end + 1, isLast: rest.isLast, lines: quoted.value.split('\n').length - 1 };
}

function endOfField(text: string, from: number, delimiter: string): { end: number; isLast: boolean } {
  for (let end = from; end < text.length; end++) {
    if (text[end] === delimiter) return { end, isLast: false };
    if (text[end] === '\n') return { end, isLast: true };
  }
  return { end: text.length, isLast: true };
}

function quotedAt(text: string, at: number): { value: string; end: number } {
  let value = '';
  let from = at + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return { value: value + text.slice(from), end: text.length };
    value += text.slice(from, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    from = quote + 2;
  }
}
