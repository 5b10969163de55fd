/** What a DT value covers, in microseconds of UTC. */
export type Moments = { from: number; to: number };

const DATE_TIME = /^(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,6}))?([+-]\d{4})?$/;
const MICROSECONDS = 1000;

/**
 * The first and last moment of a DT value (PS3.5 table 6.2-1), which may leave out its last components; undefined
 * when it is none. A value without an offset is taken as UTC: two such values compare as they are written.
 */
export function dateTimeEnds(text: string): Moments | undefined {
  const match = DATE_TIME.exec(text);
  if (match === null) return undefined;
  const [, year = '', month, day, hours, minutes, seconds, fraction, offset] = match;
  const parts = [year, month, day, hours, minutes, seconds].map((part) =>
    part === undefined ? undefined : Number(part),
  );
  const from = utcMs(parts);
  const last = parts.findLastIndex((part) => part !== undefined);
  const after = parts.map((part, index) => (index === last ? (part ?? 0) + 1 : part));
  const shift = offsetMs(offset) * MICROSECONDS;
  if (fraction === undefined) {
    return { from: from * MICROSECONDS - shift, to: utcMs(after) * MICROSECONDS - 1 - shift };
  }
  const start = from * MICROSECONDS + Number(fraction.padEnd(6, '0')) - shift;
  return { from: start, to: start + 10 ** (6 - fraction.length) - 1 };
}

function utcMs([year = 0, month = 1, day = 1, hours = 0, minutes = 0, seconds = 0]: (number | undefined)[]): number {
  const date = new Date(0);
  // Unlike Date.UTC, this takes years below 100 as they are.
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hours, minutes, seconds, 0);
  return date.getTime();
}

function offsetMs(offset = '+0000'): number {
  const minutes = Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3));
  return (offset.startsWith('-') ? -minutes : minutes) * 60_000;
}
