import { readFileSync } from 'node:fs';

/** USER_HZ of every Linux that there is (proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** What a process has used so far; undefined when it is gone. */
export function usageOf(pid: number): { cpuMs: number; residentBytes: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The command's name, in brackets, may hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    return { cpuMs: (ticks * 1000) / TICKS_PER_SECOND, residentBytes: Number(fields[21]) * PAGE_BYTES };
  } catch {
    return undefined; // Ended: its exit says how.
  }
}
