import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, fsyncSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { endProcessesIn } from './archive-process.ts';

const MIB = 2 ** 20;

/** A disk of its own, so small that it gets full. */
export type SmallDisk = {
  path: string;
  freeBytes(): number;
  /** Take so much away from everybody else. @returns gives it back */
  ballast(mib: number): () => void;
};

/**
 * Mounts a tmpfs for the test, which needs root; else the test is skipped with a clear word. Where
 * ACERVO_REQUIRE_PEERS=1 (continuous integration) a machine that cannot mount is an error instead.
 */
export function smallDisk(t: TestContext, mib: number): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'acervo-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mib}m`, 'tmpfs', path], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  } catch (thrown) {
    rmdirSync(path);
    assert.notEqual(process.env['ACERVO_REQUIRE_PEERS'], '1', `a tmpfs must be mounted here: ${String(thrown)}`);
    t.skip('no tmpfs can be mounted by this user');
    return undefined;
  }
  // Lazily: what was killed may hold files open for a moment longer.
  t.after(async () => {
    await endProcessesIn(path);
    execFileSync('umount', ['--lazy', path]);
    rmdirSync(path);
  });
  return { path, freeBytes: () => freeBytesOf(path), ballast: (size) => ballast(join(path, 'ballast'), size) };
}

function freeBytesOf(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

function ballast(path: string, mib: number): () => void {
  const file = openSync(path, 'w');
  const piece = new Uint8Array(MIB);
  for (let written = 0; written < mib; written++) writeSync(file, piece);
  fsyncSync(file);
  closeSync(file);
  return () => rmSync(path);
}
