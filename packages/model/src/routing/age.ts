const DAYS: Record<string, number> = { D: 1, W: 7, M: 365.25 / 12, Y: 365.25 };
const YEAR_MS = 365.25 * 86_400_000;

/**
 * The age at a study in years: Patient's Age (0010,1010, an AS of PS3.5 6.2) as it was sent, else from the dates.
 * @param dates  YYYY-MM-DD each
 */
export function ageYearsOf(
  age: string | undefined,
  dates: { birth: string | undefined; study: string | undefined },
): number | undefined {
  const [, count, unit = ''] = /^(\d{3})([DWMY])$/.exec(age?.trim() ?? '') ?? [];
  if (count !== undefined) return unit === 'Y' ? Number(count) : (Number(count) * (DAYS[unit] as number)) / 365.25;
  const years = (Date.parse(dates.study ?? '') - Date.parse(dates.birth ?? '')) / YEAR_MS;
  return Number.isNaN(years) || years < 0 ? undefined : years;
}
