const MINUTE_MS = 60_000;
const HOUR_MINUTES = 60;

/**
 * An instant as DA and TM in the time of a Timezone Offset From UTC (0008,0201), which counts for all dates of an
 * object (PS3.3 C.12.1); where that says none, in the time of this machine.
 */
export function madeAt(at: Date, offset: string | undefined): { date: string; time: string } {
  const [, sign, hours, minutes] = /^([+-])(\d\d)(\d\d)$/.exec(offset ?? '') ?? [];
  const east = (Number(hours) * HOUR_MINUTES + Number(minutes)) * (sign === '-' ? -1 : 1);
  const shifted = new Date(at.getTime() + (sign === undefined ? -at.getTimezoneOffset() : east) * MINUTE_MS);
  const digits = shifted.toISOString().replaceAll(/\D/g, '');
  return { date: digits.slice(0, 8), time: digits.slice(8, 14) };
}
