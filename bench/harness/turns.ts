import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Several benchmarks on one machine do not measure at the same time. */
export type Turns = { take(work: () => Promise<void>): Promise<void> };

/** @param lockFile that all of them name; without one nobody is waited for */
export function turnsOf(lockFile: string | undefined): Turns {
  if (lockFile === undefined) return { take: (work) => work() };
  return {
    take: async (work) => {
      // flock(1) holds the lock until its command ends, and that ends with its input.
      const holder = spawn('flock', [lockFile, 'sh', '-c', 'echo held; cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = once(holder, 'exit');
      await Promise.race([once(holder.stdout, 'data'), ended]);
      try {
        if (holder.exitCode !== null) throw new Error(`flock ${lockFile} ended with ${holder.exitCode}`);
        await work();
      } finally {
        holder.stdin.end();
        await ended;
      }
    },
  };
}
