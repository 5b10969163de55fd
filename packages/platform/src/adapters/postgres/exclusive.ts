import { linkSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@acervo/kernel/failure.ts';
import { isSameProcess, processIdentity } from './process-identity.ts';

const RETRY_MS = 20;

/**
 * Runs `work` while no other process runs one under the same name, in this directory. A holder that died is
 * recognised by its process id and start time.
 *
 * The lock is the file `<name>.<n>` of the highest n; it names its holder, and is empty once released. To take
 * it is to create n + 1, which only one can. The file of the highest n is never removed, so one who was slow
 * between looking and creating finds a higher one beside its own, and steps back.
 * @throws {Failure} config/invalid when others hold it longer than `waitMs`.
 */
export async function exclusively<T>(
  directory: string,
  name: string,
  waitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const held = await take(directory, name, waitMs);
  try {
    return await work();
  } finally {
    truncateSync(held);
  }
}

async function take(directory: string, name: string, waitMs: number): Promise<string> {
  const deadline = performance.now() + waitMs;
  while (performance.now() < deadline) {
    const held = tryTake(directory, name);
    if (held !== undefined) return held;
    await pause(RETRY_MS);
  }
  throw new Failure('config/invalid', `${join(directory, name)} is held by another process for over ${waitMs} ms`);
}

function tryTake(directory: string, name: string): string | undefined {
  const last = generations(directory, name).at(-1) ?? 0;
  if (last > 0 && isHeld(join(directory, `${name}.${last}`))) return undefined;
  const mine = join(directory, `${name}.${last + 1}`);
  if (!createWhole(mine)) return undefined;
  const all = generations(directory, name);
  if (all.at(-1) !== last + 1) {
    rmSync(mine, { force: true });
    return undefined;
  }
  for (const older of all.slice(0, -1)) rmSync(join(directory, `${name}.${older}`), { force: true });
  return mine;
}

function generations(directory: string, name: string): number[] {
  const files = readdirSync(directory).filter((file) => file.startsWith(`${name}.`));
  const numbers = files.map((file) => Number(file.slice(name.length + 1)));
  return numbers.filter((number) => Number.isSafeInteger(number)).sort((a, b) => a - b);
}

function isHeld(path: string): boolean {
  try {
    return isSameProcess(readFileSync(path, 'utf8'));
  } catch {
    return true; // Removed since: a higher one exists, so look again.
  }
}

/** Appears under its name with its content already in it, or not at all. */
function createWhole(path: string): boolean {
  const temporary = `${path}.by.${process.pid}`;
  writeFileSync(temporary, processIdentity(process.pid) ?? '', { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw thrown;
  } finally {
    rmSync(temporary, { force: true });
  }
}
