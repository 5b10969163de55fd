import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in these for every program (USER_HZ), whatever its kernel ticks at. */
const TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1024;

/** A line of /proc/PID/stat, as far as it is of use here. */
export type ProcessStat = {
  pid: number;
  parent: number;
  /** In user and kernel mode, its own and that of the children that it has buried. */
  ticks: number;
};

/** @param line the name in it may hold blanks and brackets: fields are counted from the last bracket on */
export function processStatOf(line: string): ProcessStat {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  // proc(5): 4 ppid, 14 utime, 15 stime, 16 cutime, 17 cstime.
  return { pid: Number.parseInt(line, 10), parent: field(4), ticks: field(14) + field(15) + field(16) + field(17) };
}

/** The processes given and all that descend from them. */
export function treeOf(roots: readonly number[], all: readonly ProcessStat[] = allProcesses()): ProcessStat[] {
  const byParent = Map.groupBy(all, ({ parent }) => parent);
  const wanted = new Set(roots);
  const tree = all.filter(({ pid }) => wanted.has(pid));
  // Grows while it is walked.
  for (const { pid } of tree) {
    for (const child of byParent.get(pid) ?? []) {
      if (wanted.has(child.pid)) continue;
      wanted.add(child.pid);
      tree.push(child);
    }
  }
  return tree;
}

function allProcesses(): ProcessStat[] {
  const stats: ProcessStat[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const line = textOf(`/proc/${name}/stat`);
    if (line !== undefined) stats.push(processStatOf(line));
  }
  return stats;
}

/** CPU time of these processes and all that descend from them, also of those that have ended, in seconds. */
export function cpuSecondsOf(roots: readonly number[]): number {
  return treeOf(roots).reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND;
}

/** Resident memory of one process: now, and the most that it ever was, in bytes. */
export function residentOf(pid: number): { bytes: number; peakBytes: number } {
  const status = textOf(`/proc/${pid}/status`) ?? '';
  return { bytes: kibibytes(status, 'VmRSS') * BYTES_PER_KIB, peakBytes: kibibytes(status, 'VmHWM') * BYTES_PER_KIB };
}

/** Memory of these processes and their descendants where pages that several share count once (PSS), in bytes. */
export function proportionalBytesOf(roots: readonly number[]): number {
  const texts = treeOf(roots).map(({ pid }) => textOf(`/proc/${pid}/smaps_rollup`) ?? '');
  return texts.reduce((sum, text) => sum + kibibytes(text, 'Pss') * BYTES_PER_KIB, 0);
}

/** Those that descend from a process and whose command line says so. */
export const processesIn = (root: number, word: string): number[] =>
  treeOf([root])
    .map(({ pid }) => pid)
    .filter((pid) => textOf(`/proc/${pid}/cmdline`)?.includes(word) === true);

/** Open file descriptors of a process. */
export const openFilesOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** What the machine did since it started: busy and in all, over all cores, in seconds. */
export function machineTimes(): { busy: number; all: number } {
  const line = textOf('/proc/stat')?.split('\n')[0] ?? '';
  // proc(5): user nice system idle iowait irq softirq steal; the guests' are in user and nice.
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  const all = ticks.reduce((sum, each) => sum + each, 0);
  const idle = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return { busy: (all - idle) / TICKS_PER_SECOND, all: all / TICKS_PER_SECOND };
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // It ended meanwhile, or is another user's.
  }
}
