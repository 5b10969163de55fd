const STAMP_DIGITS = 6;
const SEED_DIGITS = 9;
const DIGITS_MAX = 38;

/** Where a UID stands. Zero: not so far down; a study's own UID has series and instance 0. */
export type UidPlace = { study: number; series?: number; instance?: number };

/** Makes the UIDs of a set of data; all have the same length, and the stamp stands at the same place in each. */
export type Uids = { of(place: UidPlace): string; stampText: string };

/**
 * UIDs as PS3.5 B.2 has them: 2.25 and a number of at most 128 bits, here of 38 digits.
 * @param seed another number, other UIDs @param stamp another number, other UIDs that differ in one place
 */
export function uidsOf(seed: number, stamp: number): Uids {
  const stampText = `2.25.1${digits(seed, SEED_DIGITS)}${digits(stamp, STAMP_DIGITS)}`;
  return {
    stampText,
    of: ({ study, series = 0, instance = 0 }) => {
      const place = `${digits(study, 7)}${digits(series, 4)}${digits(instance, 7)}`;
      return (stampText + place).padEnd('2.25.'.length + DIGITS_MAX, '7');
    },
  };
}

function digits(value: number, count: number): string {
  const text = String(value).padStart(count, '0');
  if (text.length > count) throw new RangeError(`${value} has more than ${count} digits`);
  return text;
}
