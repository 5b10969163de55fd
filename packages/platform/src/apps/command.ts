import type { ParseArgsConfig } from 'node:util';
import type { Log } from '../ports/log.ts';
import type { Config } from './config.ts';

/** What a command may use of the world. */
export type CommandContext = {
  config: Config;
  log: Log;
  /** Aborts when the process is asked to end. */
  signal: AbortSignal;
  /** A line for people, or with --json a value for programs; both on standard output. */
  print(text: string, value?: unknown): void;
  /** --json was given: one JSON value a line, no progress bar. */
  isJson: boolean;
};

/** Exit codes of every command; documented in README.md. */
export const EXIT = { done: 0, failed: 1, usage: 2, damaged: 3, partly: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One `acervo` command. It is registered by its line in apps/cli.ts. */
export type Command = {
  name: string;
  /** What stands behind the name, e.g. `PATH... [--institution CODE]`. */
  usage: string;
  summary: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** Positional arguments: at least and at most. */
  positionals: readonly [least: number, most: number];
  run(args: CommandArgs, context: CommandContext): Promise<ExitCode>;
};

export type CommandArgs = { values: Readonly<Record<string, unknown>>; positionals: readonly string[] };

/** The text of an option, or undefined when it was not given. */
export function textOption({ values }: CommandArgs, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of an option that may be given several times. */
export function textsOption({ values }: CommandArgs, name: string): readonly string[] {
  const value = values[name];
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

export const isGiven = ({ values }: CommandArgs, name: string): boolean => values[name] === true;
