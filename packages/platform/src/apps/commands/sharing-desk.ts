import { Failure } from '@acervo/kernel/failure.ts';
import { listShared, type Shared } from '../../features/sharing/change.ts';
import type { Kind } from '../../features/sharing/sharing.repo.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { loadAccess } from '../access.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
} from '../command.ts';
import { openIndex } from '../open-index.ts';

const CONNECTIONS_MAX = 2;

/** What a verb works on; `words` are those behind it. */
export type Desk = { db: Db; op: Op; args: CommandArgs; words: readonly string[]; context: CommandContext };

export type Verbs = Readonly<Record<string, { words: readonly [number, number]; run(desk: Desk): Promise<void> }>>;

/** Run the verb that a command's first word names. */
export async function runVerb(
  command: Pick<Command, 'name' | 'usage'>,
  verbs: Verbs,
  args: CommandArgs,
  context: CommandContext,
): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const [name = '', ...words] = args.positionals;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined || words.length < verb.words[0] || words.length > verb.words[1]) {
    print(`usage: acervo ${command.name} ${command.usage}`, { usage: command.usage });
    return EXIT.usage;
  }
  const index = await openIndex(config, { role: command.name, connectionsMax: CONNECTIONS_MAX, log });
  try {
    const institution = textOption(args, 'for');
    const op = loadAccess(config, log).ofCommand(command.name, institution).openOp(signal);
    await verb.run({ db: index.database, op, args, words, context });
    return EXIT.done;
  } finally {
    await index.close();
  }
}

export const required = (args: CommandArgs, name: string): string => {
  const text = textOption(args, name);
  if (text === undefined) throw new Failure('request/invalid', `--${name} is missing`);
  return text;
};

/** A day is its beginning, in UTC. */
export const momentOf = (text: string): string => (/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text);

export function validityOf(args: CommandArgs): { from: string; until?: string } {
  const until = textOption(args, 'valid-until');
  const from = momentOf(textOption(args, 'valid-from') ?? new Date().toISOString());
  return until === undefined ? { from } : { from, until: momentOf(until) };
}

export function tell({ context: { print } }: Desk, how: string, shared: Shared): void {
  print(`${how} ${shared.id}`, shared);
}

/** `list [INSTITUTION] [--open]`. */
export const listOf = (kinds: readonly Kind[]): Verbs[string] => ({
  words: [0, 1],
  run: async ({ db, op, args, words: [institution], context: { print } }) => {
    const all = await listShared(db, op, { institution, kinds, isOpen: isGiven(args, 'open') });
    if (all.length === 0) print('Nothing.');
    for (const shared of all) print(`${shared.id} ${shared.until ?? '-'} ${JSON.stringify(shared.record)}`, shared);
  },
});
