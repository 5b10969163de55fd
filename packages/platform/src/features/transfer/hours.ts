import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@acervo/kernel/failure.ts';

/** A daily window in minutes since midnight, local time; it may go over midnight. */
export type Hours = { from: number; to: number };

const TEXT = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_MINUTES = 24 * 60;
/** A clock that is set, a machine that sleeps: so often it is looked again. */
const LOOK_MS_MAX = 60_000;

/** `20:00-06:00`. @throws {Failure} request/invalid */
export function readHours(text: string): Hours {
  const [, fromHour, fromMinute, toHour, toMinute] = TEXT.exec(text) ?? [];
  const hours = { from: Number(fromHour) * 60 + Number(fromMinute), to: Number(toHour) * 60 + Number(toMinute) };
  if (!Number.isInteger(hours.from) || hours.from === hours.to) {
    throw new Failure('request/invalid', `${text}: hours such as 20:00-06:00`);
  }
  return hours;
}

/** Milliseconds until the window is open; 0 while it is. */
export function untilOpenMs({ from, to }: Hours, now: Date): number {
  const minute = now.getHours() * 60 + now.getMinutes();
  const isOpen = from < to ? minute >= from && minute < to : minute >= from || minute < to;
  if (isOpen) return 0;
  const minutes = (from - minute + DAY_MINUTES) % DAY_MINUTES;
  return minutes * 60_000 - now.getSeconds() * 1000 - now.getMilliseconds();
}

/** Resolves when the window is open. @throws what the signal aborts with */
export async function whenOpen(hours: Hours | undefined, signal: AbortSignal): Promise<void> {
  if (hours === undefined) return;
  for (let ms = untilOpenMs(hours, new Date()); ms > 0; ms = untilOpenMs(hours, new Date())) {
    await pause(Math.min(ms, LOOK_MS_MAX), undefined, { signal });
  }
}
