import { readFileSync } from 'node:fs';

const KIB_PER_MIB = 1024;

/** The most resident memory that a process ever had, MiB. Our own PostgreSQL runs in processes of its own. */
export function peakRssMib(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has no VmHWM`);
  return Math.round(Number(kib) / KIB_PER_MIB);
}
