import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** What a figure was measured on. */
export type Machine = { cpu: string; cores: number; memoryGib: number; kernel: string; disk: string; node: string };

const TMPFS_MAGIC = 0x01021994;
const BYTES_PER_GIB = 2 ** 30;

/** @param folder on the disk that is measured */
export function machineOf(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / BYTES_PER_GIB),
    kernel: release(),
    disk: diskOf(folder),
    node: process.version,
  };
}

/** A folder in memory: what is durable there costs nothing, and is not. */
export const isInMemory = (folder: string): boolean => statfsSync(folder).type === TMPFS_MAGIC;

/** File system and device that a folder lies on. */
function diskOf(folder: string): string {
  const words = execFileSync('df', ['--output=fstype,source', folder], { encoding: 'utf8' }).trim().split('\n')[1];
  const [type = 'unknown', device = 'unknown'] = words?.trim().split(/\s+/) ?? [];
  return `${type} on ${device}`;
}
