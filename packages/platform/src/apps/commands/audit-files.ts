import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { type CheckpointFile, readCheckpointFile } from '@acervo/kernel/journal/checkpoint-file.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';

/** @throws {Failure} request/invalid */
export async function readFileOfCheckpoint(path: string | undefined): Promise<CheckpointFile> {
  if (path === undefined) throw new Failure('request/invalid', 'give the file of a checkpoint');
  const file = await readCheckpointFile(readFileSync(path, 'utf8'));
  if (file === undefined) throw new Failure('request/invalid', `${path} is no file of a checkpoint, or was altered`);
  return file;
}

/** Whole and durable, or not there. */
export async function putFile(path: string, text: string): Promise<void> {
  const whole = resolve(path);
  await targetFolder(dirname(whole)).put(basename(whole), [new TextEncoder().encode(text)]);
}

/** @throws {Failure} request/invalid */
export function numberOf(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Failure('request/invalid', `${text} is no number of an event`);
}
