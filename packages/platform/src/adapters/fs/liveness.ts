import { readdir, unlink } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

/**
 * Tells which writers of this data directory live: each listens on a socket of its own, and the kernel stops
 * answering for a dead process however it died. No lock file can be stale, no process id can be reused.
 */
export function writerLiveness(runDirectory: string) {
  const nameOf = (writer: string): string => `w-${writer.slice(-12)}`;
  const path = (writer: string): string => join(runDirectory, nameOf(writer));
  return {
    /** Say that this writer lives until `stop` is called or the process ends. */
    async announce(writer: string): Promise<{ stop(): Promise<void> }> {
      const server = createServer((socket) => socket.destroy());
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      server.once('error', reject);
      server.listen(path(writer), resolve);
      await promise;
      server.unref();
      return {
        stop: () =>
          new Promise((done) => {
            server.close(() => done());
          }),
      };
    },
    isAlive: (writer: string): Promise<boolean> => answers(path(writer)),
    /** How many others live beside this writer. */
    async others(writer: string): Promise<number> {
      const names = (await readdir(runDirectory)).filter(
        (name) => /^w-[0-9a-f]{12}$/.test(name) && name !== nameOf(writer),
      );
      const alive = await Promise.all(names.map((name) => answers(join(runDirectory, name))));
      return alive.filter((lives) => lives).length;
    },
  };
}

export type WriterLiveness = ReturnType<typeof writerLiveness>;

/** Only the kernel's word that nobody listens means death: an overloaded process lives. */
const DEAD: readonly unknown[] = ['ECONNREFUSED', 'ENOENT'];

async function answers(path: string): Promise<boolean> {
  const answered = await new Promise<boolean>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(!('code' in error && DEAD.includes(error.code))));
  });
  // What a killed process leaves is only a name.
  if (!answered) await unlink(path).catch(() => undefined);
  return answered;
}
