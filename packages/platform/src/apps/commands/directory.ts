import { loadAccess } from '../access.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode } from '../command.ts';
import { openDirectory } from '../directory.ts';
import { openIndex } from '../open-index.ts';
import { catalogueVerbs } from './directory-catalogue.ts';
import type { Verb } from './directory-desk.ts';
import { peopleVerbs } from './directory-people.ts';

const CONNECTIONS_MAX = 2;
const WORDS_MAX = 8;

export const directoryCommand: Command = {
  name: 'directory',
  usage: `institutions list | institutions add CODE NAME=VALUE... | people list | people add NAME=VALUE... |
       people disable|enable|remove PERSON | roles list [PERSON] | roles pairs |
       roles grant PERSON ROLE INSTITUTION [--from TIME] [--until TIME] |
       roles end PERSON ROLE INSTITUTION [--at TIME] |
       facilities import CSV --edition DATE [--dry-run] | facilities find TEXT | sensitivity list [INSTITUTION] |
       sensitivity mark|clear INSTITUTION LABEL (--patient ID [--issuer ISSUER] | --study UID) --reason TEXT |
       seed FILE [--dry-run] | export FILE [--json]`,
  summary: `Institutions, facilities (CLUES), people and their roles, sensitivity of patients and studies.
institutions add: name, state (INEGI, 01 to 32), facilities (CLUES with commas between); said again, it changes.
people add: login, name, institution; said again with the same login or id, it changes. PERSON is a login or an id.
INSTITUTION of a role is a code, or * for all. TIME is RFC 3339, or a date (from midnight UTC).
facilities import reads the catalogue of the Secretaría de Salud as CSV, in UTF-8 or Latin-1; it names what it skips.
seed reads one file that describes everything, and may be read again; export writes it ("-": standard input, output).
Every change is an event of the journal; a running server follows within a second or two.
Exit codes: 0 done, 1 it failed and nothing was changed, 2 the command line was not understood, 4 lines were skipped.`,
  options: {
    from: { type: 'string' },
    until: { type: 'string' },
    at: { type: 'string' },
    edition: { type: 'string' },
    patient: { type: 'string' },
    issuer: { type: 'string' },
    study: { type: 'string' },
    reason: { type: 'string' },
    'dry-run': { type: 'boolean' },
  },
  positionals: [2, WORDS_MAX],
  run: runDirectory,
};

const VERBS: Readonly<Record<string, Verb>> = { ...peopleVerbs, ...catalogueVerbs };

async function runDirectory(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const [first = '', second = ''] = args.positionals;
  const name = Object.hasOwn(VERBS, first) ? first : `${first} ${second}`;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  const words = args.positionals.slice(name.split(' ').length);
  if (verb === undefined || words.length < verb.words[0] || words.length > verb.words[1]) {
    print(`usage: acervo directory ${directoryCommand.usage}`, { usage: directoryCommand.usage });
    return EXIT.usage;
  }
  const index = await openIndex(config, { role: 'directory', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const directory = await openDirectory(index.database, log);
    const op = loadAccess(config, log).ofCommand('directory').openOp(signal);
    return await verb.run({ db: index.database, op, directory, args, words, context });
  } finally {
    await index.close();
  }
}
