import { closeSync, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';

/**
 * The text of a file that holds a secret. One that others may read holds none any more, so it is refused: 0600, or
 * 0640 where it is root's and a group reads it, as PostgreSQL has it and Debian installs keys.
 * @param env  the setting that names it
 * @throws {Failure} config/invalid
 */
export function readPrivateFile(path: string, env: string): string {
  const file = readable(path, env, () => openSync(path, 'r'));
  try {
    refusePublic(fstatSync(file), path, env);
    return readable(path, env, () => readFileSync(file, 'utf8'));
  } finally {
    closeSync(file);
  }
}

/** Whether others than its owner may do anything with it. */
export const isPublic = ({ mode, uid }: Pick<Stats, 'mode' | 'uid'>): boolean =>
  (mode & (uid === 0 ? 0o037 : 0o077)) !== 0;

function refusePublic(stats: Stats, path: string, env: string): void {
  if (!isPublic(stats)) return;
  const mode = (stats.mode & 0o777).toString(8).padStart(4, '0');
  const detail = `${env}: others may read ${path} (${mode}), so it is no secret: chmod 600 ${path}, and change it`;
  throw new Failure('config/invalid', detail);
}

function readable<T>(path: string, env: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new Failure('config/invalid', `${env}: cannot read ${path}`, { cause });
  }
}
