import { parseArgs } from 'node:util';
import type { Command, ExitCode } from '@acervo/platform/apps/command.ts';
import type { Config } from '@acervo/platform/apps/config.ts';
import { silentLog } from './postgres.ts';

/** What a command printed: for people, and the values of `--json`. */
export type Ran = { code: ExitCode; text: string; values: unknown[] };

/** A command as its command line would run it, in this process. @param words  all that stands behind its name */
export async function runCommand(config: Config, command: Command, words: readonly string[]): Promise<Ran> {
  const { values, positionals } = parseArgs({ args: [...words], options: command.options, allowPositionals: true });
  const printed: { text: string; value: unknown }[] = [];
  const print = (text: string, value?: unknown): void => void printed.push({ text, value });
  const { signal } = new AbortController();
  const code = await command.run({ values, positionals }, { config, log: silentLog, signal, isJson: true, print });
  return { code, text: printed.map(({ text }) => text).join('\n'), values: printed.map(({ value }) => value) };
}
