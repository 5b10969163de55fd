import { linkSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { type LoginKeys, newKeysText, readKeys } from '../features/login/keys.ts';
import type { Config } from './config.ts';

const FOLDER = 'keys';
const FILE = 'login.json';
const OTHERS = 0o077;

/**
 * The keys of the login: of ACERVO_LOGIN_KEYS, or of a file of the data directory that only its owner may read, made
 * when there is none.
 * @throws {Failure} config/invalid
 */
export function openLoginKeys({ loginKeys, dataDir }: Config): LoginKeys {
  if (loginKeys !== undefined) return readKeys(loginKeys);
  const folder = join(dataDir, FOLDER);
  const path = join(folder, FILE);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (statSync(path, { throwIfNoEntry: false }) === undefined) make(path);
  const { mode } = statSync(path);
  if ((mode & OTHERS) !== 0) throw new Failure('config/invalid', `${path} must be its owner's alone: chmod 600`);
  return readKeys(readFileSync(path, 'utf8'));
}

/** Whole or not at all; of two processes that start at once one makes it, and both read that. */
function make(path: string): void {
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, newKeysText(), { mode: 0o600, flush: true });
  try {
    linkSync(fresh, path);
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
  } finally {
    unlinkSync(fresh);
  }
}
