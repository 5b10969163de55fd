import { readFileSync, writeFileSync } from 'node:fs';
import { Failure } from '@acervo/kernel/failure.ts';
import {
  addSystem,
  type Change,
  type Description,
  importSystems,
  readSystemsFile,
  removeSystem,
  setSystem,
  systemsFileText,
} from '../../features/systems/change.ts';
import { FIELDS, fieldOf } from '../../features/systems/description.ts';
import type { Registry } from '../../features/systems/registry.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import type { System } from '../../ports/systems.ts';
import { loadAccess } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode, isGiven } from '../command.ts';
import { openIndex } from '../open-index.ts';
import { openRegistry } from '../registry.ts';

const CONNECTIONS_MAX = 2;
const WORDS_MAX = 2 + FIELDS.length;

export const systemsCommand: Command = {
  name: 'systems',
  usage: `list | show AE | add AE NAME=VALUE... | set AE NAME=VALUE... | remove AE |
       export FILE | import FILE [--dry-run] [--whole] [--json]`,
  summary: `The registry of the systems that the archive knows: who may call, and how each is called.
Names: ${FIELDS.slice(1).join(' ')}.
Lists take commas: may=echo,store,find,move,get,commit; an empty value puts a field back to its default.
A running server follows within a second or two. Systems of ACERVO_ACCESS_FILE are listed, and changed in that file;
where the registry describes the same AE title, the registry applies. export writes what import reads ("-": standard
output and input); --dry-run only tells what import would change, --whole also removes what the file does not name.
Exit codes: 0 done, 1 it failed and nothing was changed, 2 the command line was not understood.`,
  options: { 'dry-run': { type: 'boolean' }, whole: { type: 'boolean' } },
  positionals: [1, WORDS_MAX],
  run: runSystems,
};

/** What a verb works on. */
type Desk = { db: Db; op: Op; registry: Registry; args: CommandArgs; context: CommandContext };

/** Verbs, with the number of words that follow each. */
const VERBS: Readonly<Record<string, { words: readonly [number, number]; run(desk: Desk): Promise<void> }>> = {
  list: { words: [0, 0], run: list },
  show: { words: [1, 1], run: show },
  add: {
    words: [2, WORDS_MAX],
    run: async (desk) => tell(desk, await addSystem(desk.db, desk.op, { ...given(desk), aeTitle: aeTitleOf(desk) })),
  },
  set: {
    words: [2, WORDS_MAX],
    run: async (desk) => tell(desk, await setSystem(desk.db, desk.op, aeTitleOf(desk), given(desk))),
  },
  remove: {
    words: [1, 1],
    run: async (desk) => tell(desk, await removeSystem(desk.db, desk.op, aeTitleOf(desk))),
  },
  export: { words: [1, 1], run: exportFile },
  import: { words: [1, 1], run: importFile },
};

async function runSystems(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const [name = '', ...words] = args.positionals;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb === undefined || words.length < verb.words[0] || words.length > verb.words[1]) {
    print(`usage: acervo systems ${systemsCommand.usage}`, { usage: systemsCommand.usage });
    return EXIT.usage;
  }
  const index = await openIndex(config, { role: 'systems', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const registry = await openRegistry(config, index.database, log);
    const op = loadAccess(config, log, registry.systems).ofCommand('systems').openOp(signal);
    await verb.run({ db: index.database, op, registry, args, context });
    return EXIT.done;
  } finally {
    await index.close();
  }
}

const aeTitleOf = ({ args }: Desk): string => args.positionals[1] ?? '';

/** NAME=VALUE words. */
function given({ args }: Desk): Description {
  const pairs = args.positionals.slice(2).map((word) => {
    const at = word.indexOf('=');
    const field = FIELDS.find((known) => known === word.slice(0, at));
    if (at < 0 || field === undefined) throw new Failure('request/invalid', `${word}: a field is given as NAME=VALUE`);
    return [field, fieldOf(field, word.slice(at + 1))] as const;
  });
  return Object.fromEntries(pairs);
}

function list({ registry, context: { print } }: Desk): Promise<void> {
  for (const system of registry.systems.list()) {
    const { aeTitle, institution, kind, host = '', port = '', may } = system;
    const from = registry.isDescribed(aeTitle) ? 'registry' : 'file';
    const address = host === '' ? '-' : `${host}:${port}${system.tls ? ' tls' : ''}`;
    print(`${aeTitle.padEnd(16)} ${institution.padEnd(12)} ${kind.padEnd(11)} ${address} ${may.join(',')} (${from})`, {
      ...system,
      from,
    });
  }
  return Promise.resolve();
}

function show(desk: Desk): Promise<void> {
  const { registry, context } = desk;
  const system: System | undefined = registry.systems.byAeTitle(aeTitleOf(desk));
  if (system === undefined) throw new Failure('request/not-found', `${aeTitleOf(desk)} is not known`);
  const from = registry.isDescribed(system.aeTitle) ? 'registry' : 'file';
  const lines = FIELDS.filter((field) => system[field] !== undefined).map(
    (field) => `${field}=${textOf(system[field])}`,
  );
  context.print([...lines, `# from the ${from}`].join('\n'), { ...system, from });
  return Promise.resolve();
}

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

function tell({ context: { print } }: Desk, ...changes: readonly Change[]): void {
  for (const change of changes) {
    const fields = change.how === 'changed' ? `: ${change.fields.join(', ')}` : '';
    print(`${change.how} ${change.aeTitle}${fields}`, change);
  }
}

/** Only what the registry itself describes: the access file is a file already. */
function exportFile({ registry, args, context: { print } }: Desk): Promise<void> {
  const path = args.positionals[1] ?? '';
  const systems = registry.systems.list().filter(({ aeTitle }) => registry.isDescribed(aeTitle));
  const text = systemsFileText(systems);
  if (path === '-') process.stdout.write(text);
  else {
    writeFileSync(path, text, { mode: 0o640 });
    print(`${systems.length} systems in ${path}`, { systems: systems.length, file: path });
  }
  return Promise.resolve();
}

async function importFile(desk: Desk): Promise<void> {
  const { db, op, args, context } = desk;
  const path = args.positionals[1] ?? '';
  const options = { isDryRun: isGiven(args, 'dry-run'), isWhole: isGiven(args, 'whole') };
  const changes = await importSystems(db, op, readSystemsFile(textAt(path)), options);
  tell(desk, ...changes.filter(({ how }) => how !== 'unchanged'));
  const count = (how: Change['how']): number => changes.filter((change) => change.how === how).length;
  const counts = { added: count('added'), changed: count('changed'), removed: count('removed') };
  const text = `${counts.added} added, ${counts.changed} changed, ${counts.removed} removed`;
  context.print(`${text}, ${count('unchanged')} as they were${options.isDryRun ? '; nothing was done' : ''}`, {
    summary: { ...counts, unchanged: count('unchanged'), isDryRun: options.isDryRun },
  });
}

function textAt(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8');
  } catch (cause) {
    throw new Failure('request/invalid', `cannot read ${path}`, { cause });
  }
}
