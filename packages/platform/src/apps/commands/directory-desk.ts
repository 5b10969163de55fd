import { readFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import type { DirectoryView } from '../../features/directory/view.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import type { CommandArgs, CommandContext, ExitCode } from '../command.ts';

/** What a verb of `acervo directory` works on; `words` follow it on the command line. */
export type Desk = {
  db: Db;
  op: Op;
  directory: DirectoryView;
  args: CommandArgs;
  words: readonly string[];
  context: CommandContext;
};

export type Verb = { words: readonly [least: number, most: number]; run(desk: Desk): Promise<ExitCode> };

/** NAME=VALUE words; an empty value is one that is not said. */
export function pairsOf(words: readonly string[], names: readonly string[]): Record<string, string> {
  const pairs = words.map((word) => {
    const at = word.indexOf('=');
    const name = word.slice(0, Math.max(at, 0));
    if (!names.includes(name)) throw new Failure('request/invalid', `${word}: of ${names.join(', ')}, as NAME=VALUE`);
    return [name, word.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs.filter(([, value]) => value !== ''));
}

export function bytesAt(path: string): Uint8Array {
  try {
    return readFileSync(path === '-' ? 0 : path);
  } catch (cause) {
    throw new Failure('request/invalid', `cannot read ${path}`, { cause });
  }
}
