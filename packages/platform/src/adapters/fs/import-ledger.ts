import { createHash } from 'node:crypto';
import { closeSync, createReadStream, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { ImportLedger, LedgerEntry } from '../../ports/source-file.ts';

/** Files beyond these are forgotten, and only recognised when they are read again. */
const FILES_MAX = 10_000_000;
const KEY_BYTES = 12;

type Line = { name: string; bytes: number; stamp: string };

/**
 * A file of finished files, one JSON line each, written before the next is begun. It is never synced: what a power
 * loss takes from it is imported again and recognised.
 * @param again forget what an earlier run finished.
 */
export async function openImportLedger(path: string, again: boolean): Promise<ImportLedger> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
  const file = openSync(path, 'a', 0o640);
  if (again) ftruncateSync(file);
  const known = again ? new Set<string>() : await readKeys(path);
  return {
    has: (source) => known.has(keyOf(lineOf(source))),
    add: (source) => {
      const line = lineOf(source);
      if (known.size < FILES_MAX) known.add(keyOf(line));
      writeSync(file, `${JSON.stringify(line)}\n`);
    },
    close: () => closeSync(file),
  };
}

async function readKeys(path: string): Promise<Set<string>> {
  const keys = new Set<string>();
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    const line = parse(text);
    if (line !== undefined && keys.size < FILES_MAX) keys.add(keyOf(line));
  }
  return keys;
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined; // The line that a kill cut.
  }
}

const lineOf = ({ name, sizeBytes, stamp }: LedgerEntry): Line => ({ name, bytes: sizeBytes, stamp });

/** Millions of these are held: a part of a hash instead of the path. */
const keyOf = ({ name, bytes, stamp }: Line): string =>
  createHash('sha256').update(`${name}\0${bytes}\0${stamp}`).digest().toString('base64', 0, KEY_BYTES);
