import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, toFailure } from '@acervo/kernel/failure.ts';
import { newId } from '@acervo/kernel/id.ts';
import { sealedFiles } from '../adapters/fs/sealed-files.ts';
import type { Database } from '../adapters/postgres/database.ts';
import { silentSeal } from '../features/silent/seal.ts';
import type { SilentStore } from '../features/silent/store.ts';
import type { Log } from '../ports/log.ts';
import { type Config, silentDirectory } from './config.ts';
import { isPublic } from './private-file.ts';

const KEY_BYTES = 32;

/**
 * The silent store: a folder, a key, and sessions of a role of its own. An archive without one goes on; its silent
 * tasks end as `no-silent-store`.
 * @returns undefined where it cannot be had, which is logged
 */
export async function openSilent(
  config: Config,
  database: Pick<Database, 'openSilent'>,
  log: Log,
): Promise<SilentStore | undefined> {
  try {
    const sql = await database.openSilent();
    if (sql === undefined) throw new Failure('model/no-silent-store', 'no role apart from that of the application');
    const seal = silentSeal(silentKey(join(config.dataDir, 'keys')));
    return { sql, files: sealedFiles(silentDirectory(config)), seal };
  } catch (thrown) {
    const { code, detail } = toFailure(thrown);
    log.warn('silent.unopened', { code, detail });
    return undefined;
  }
}

/** Of a file of its own that only its owner may read, made where there is none; two processes make it once. */
function silentKey(folder: string): Uint8Array {
  const path = join(folder, 'silent.key');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const held = statSync(path, { throwIfNoEntry: false });
  if (held === undefined) make(path);
  else if (isPublic(held)) throw new Failure('config/invalid', `${path} must be its owner's alone: chmod 600`);
  const key = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
  if (key.length !== KEY_BYTES) throw new Failure('config/invalid', `${path} holds no key of ${KEY_BYTES} bytes`);
  return key;
}

function make(path: string): void {
  const draft = `${path}.${newId()}`;
  writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { mode: 0o600, flush: true });
  try {
    linkSync(draft, path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
  } finally {
    unlinkSync(draft);
  }
}
