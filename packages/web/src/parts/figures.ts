import { localeOf } from '../i18n/i18n.ts';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const DIGITS_MAX = 1;

/** Bytes in binary units, as operating systems and this archive's settings count them. */
export function bytesText(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / 1024 ** power;
  const digits = power === 0 || value >= 100 ? 0 : DIGITS_MAX;
  return `${new Intl.NumberFormat(localeOf(), { maximumFractionDigits: digits }).format(value)} ${UNITS[power]}`;
}

export const countText = (count: number): string => new Intl.NumberFormat(localeOf()).format(count);

const FIGURE_DIGITS_MAX = 3;

/** A measured number: three significant digits, or all before the point. */
export const figureText = (value: number): string =>
  new Intl.NumberFormat(localeOf(), {
    maximumSignificantDigits: Math.max(FIGURE_DIGITS_MAX, Math.trunc(Math.abs(value)).toString().length),
  }).format(value);

/** A DA (PS3.5 6.2), e.g. 20240131; as it stands where it is no date. */
export function dateText(date: string): string {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(date) ?? [];
  if (year === undefined) return date;
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return new Intl.DateTimeFormat(localeOf(), { dateStyle: 'medium', timeZone: 'UTC' }).format(at);
}

/** Hours and minutes of a TM (PS3.5 6.2). */
export function timeText(time: string): string {
  const [, hours, minutes] = /^(\d{2})(\d{2})/.exec(time) ?? [];
  return hours === undefined ? '' : `${hours}:${minutes}`;
}

export function ageYears(birth: string, at: string): number | undefined {
  if (!/^\d{8}$/.test(birth) || !/^\d{8}$/.test(at)) return undefined;
  return Math.floor((Number(at) - Number(birth)) / 10_000);
}

export const momentText = (iso: string): string =>
  new Intl.DateTimeFormat(localeOf(), { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso));

export const clockText = (iso: string): string =>
  new Intl.DateTimeFormat(localeOf(), { timeStyle: 'short' }).format(new Date(iso));

const STEPS = [
  { unit: 'second', ms: 1_000 },
  { unit: 'minute', ms: 60_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'day', ms: 86_400_000 },
] as const;

/** How long ago, in the largest unit that has passed. */
export function agoText(iso: string, nowMs = Date.now()): string {
  const passedMs = Math.max(0, nowMs - Date.parse(iso));
  const { unit, ms } = STEPS.findLast((step) => passedMs >= step.ms) ?? STEPS[0];
  const format = new Intl.RelativeTimeFormat(localeOf(), { numeric: 'auto', style: 'short' });
  return format.format(-Math.floor(passedMs / ms), unit);
}
