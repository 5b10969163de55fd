/** A VR of dates and times, to which range matching applies (PS3.4 C.2.2.2.5). */
export type TemporalVr = 'DA' | 'TM' | 'DT';

/** A range: an absent end is open; both are as asked, in the syntax of their VR. */
export type TemporalRange = { from?: string; to?: string };

const TIME = /^(?:[01]\d|2[0-3])(?:[0-5]\d(?:(?:[0-5]\d|60)(?:\.\d{1,6})?)?)?$/;
const OFFSET = /[+-](\d{2})([0-5]\d)$/;
/** Offsets from UTC reach from -1200 to +1400 (PS3.5 table 6.2-1, DT). */
const OFFSET_WEST_MAX = 1200;
const OFFSET_EAST_MAX = 1400;
const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * What a key of VR DA, TM or DT asks for: one value, a range, or undefined when it is neither. Values are
 * those of PS3.5 table 6.2-1; a DT or TM may leave out its last components.
 *
 * In DT a hyphen may start an offset from UTC or part a range. A text that reads whole as one value is one
 * value: `20200101-0500` is five hours west, and `2010-2015` a range, since no offset is 2015.
 */
export function temporalKey(vr: TemporalVr, text: string): string | TemporalRange | undefined {
  if (isTemporal(vr, text)) return text;
  for (let hyphen = text.indexOf('-'); hyphen >= 0; hyphen = text.indexOf('-', hyphen + 1)) {
    const from = text.slice(0, hyphen).trim();
    const to = text.slice(hyphen + 1).trim();
    if (from === '' && to === '') return undefined;
    if ((from !== '' && !isTemporal(vr, from)) || (to !== '' && !isTemporal(vr, to))) continue;
    return { ...(from !== '' && { from }), ...(to !== '' && { to }) };
  }
  return undefined;
}

function isTemporal(vr: TemporalVr, text: string): boolean {
  switch (vr) {
    case 'DA':
      return text.length === 8 && isDate(text);
    case 'TM':
      return TIME.test(text);
    case 'DT':
      return isDateTime(text);
  }
}

/** YYYY, YYYYMM or YYYYMMDD. A 29 February passes in any year: a search for it finds nothing, harmlessly. */
function isDate(text: string): boolean {
  if (!/^\d{4}(?:\d{2}){0,2}$/.test(text)) return false;
  if (text.length === 4) return true;
  const days = DAYS_OF_MONTH[Number(text.slice(4, 6)) - 1];
  if (days === undefined || text.length === 6) return days !== undefined;
  const day = Number(text.slice(6, 8));
  return day >= 1 && day <= days;
}

/** YYYYMMDDHHMMSS.FFFFFF&ZZXX, where each component from the right but the year may be missing. */
function isDateTime(text: string): boolean {
  const offset = OFFSET.exec(text);
  const local = offset === null ? text : text.slice(0, offset.index);
  if (offset !== null) {
    const max = offset[0].startsWith('-') ? OFFSET_WEST_MAX : OFFSET_EAST_MAX;
    if (Number(offset[0].slice(1)) > max) return false;
  }
  if (local.length <= 8) return isDate(local);
  return isDate(local.slice(0, 8)) && TIME.test(local.slice(8));
}
