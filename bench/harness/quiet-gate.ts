import { setTimeout as pause } from 'node:timers/promises';
import { cpuSecondsOf, machineTimes } from './proc.ts';

/** CPU that others use, as a share of the whole machine, from which on a figure is not to be trusted. */
const FOREIGN_MAX = 0.1;
const WINDOW_MS = 400;

/** Meters what processes that are not ours use of the machine. */
export function foreignMeter(): () => number {
  const read = (): { foreign: number; all: number } => {
    const { busy, all } = machineTimes();
    return { foreign: busy - cpuSecondsOf([process.pid]), all };
  };
  const from = read();
  return () => {
    const to = read();
    // Both counters are rounded, each by its own rule.
    return to.all > from.all ? Math.max(0, (to.foreign - from.foreign) / (to.all - from.all)) : 0;
  };
}

export const isQuiet = (foreign: number): boolean => foreign < FOREIGN_MAX;

/** Waits until the others are quiet, at most so long. @returns whether they are */
export async function waitForQuiet(patienceMs: number): Promise<boolean> {
  const until = performance.now() + patienceMs;
  do {
    const foreign = foreignMeter();
    await pause(WINDOW_MS);
    if (isQuiet(foreign())) return true;
  } while (performance.now() < until);
  return false;
}
