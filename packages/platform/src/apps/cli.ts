import { parseArgs } from 'node:util';
import { FAILURES, toFailure } from '@acervo/kernel/failure.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode } from './command.ts';
import { loadConfig } from './config.ts';
import { makeLog } from './log.ts';

/**
 * Every command of `acervo`, loaded when it is asked for: each process loads one. A new one is one file and one line
 * here.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  send: async () => (await import('./commands/send.ts')).sendCommand,
  pull: async () => (await import('./commands/pull.ts')).pullCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  reindex: async () => (await import('./commands/reindex.ts')).reindexCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  systems: async () => (await import('./commands/systems.ts')).systemsCommand,
  directory: async () => (await import('./commands/directory.ts')).directoryCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  query: async () => (await import('./commands/query.ts')).queryCommand,
  commit: async () => (await import('./commands/commit.ts')).commitCommand,
  commitments: async () => (await import('./commands/commitments.ts')).commitmentsCommand,
  patient: async () => (await import('./commands/patient.ts')).patientCommand,
  rights: async () => (await import('./commands/rights.ts')).rightsCommand,
  login: async () => (await import('./commands/login.ts')).loginCommand,
  share: async () => (await import('./commands/share.ts')).shareCommand,
  refer: async () => (await import('./commands/share.ts')).referCommand,
  'break-glass': async () => (await import('./commands/break-glass.ts')).breakGlassCommand,
  policy: async () => (await import('./commands/policy.ts')).policyCommand,
  model: async () => (await import('./commands/model.ts')).modelCommand,
  result: async () => (await import('./commands/result.ts')).resultCommand,
  approve: async () => (await import('./commands/approve.ts')).approveCommand,
  ai: async () => (await import('./commands/ai.ts')).aiCommand,
  migrate: async () => (await import('./commands/migrate.ts')).migrateCommand,
  config: async () => (await import('./commands/config.ts')).configCommand,
  ohif: async () => (await import('./commands/ohif.ts')).ohifCommand,
};

const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** Run one command line. @returns the exit code */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const [name = 'help', ...rest] = argv;
  const command = Object.hasOwn(COMMANDS, name) ? await COMMANDS[name]?.() : undefined;
  if (command === undefined) {
    const isHelp = ['help', '--help', '-h'].includes(name);
    const text = helpText(await Promise.all(Object.values(COMMANDS).map((load) => load())));
    write(isHelp ? text : `unknown command: ${name}\n\n${text}`, isHelp ? process.stdout : process.stderr);
    return isHelp ? EXIT.done : EXIT.usage;
  }
  const args = readArgs(command, rest);
  if (typeof args === 'string') {
    write(`${args}\nusage: acervo ${command.name} ${command.usage}`, process.stderr);
    return EXIT.usage;
  }
  if (args.values['help'] === true) {
    write(`acervo ${command.name} ${command.usage}\n\n${command.summary}`, process.stdout);
    return EXIT.done;
  }
  return runCommand(command, args, signal);
}

async function runCommand(command: Command, args: CommandArgs, signal: AbortSignal): Promise<ExitCode> {
  const isJson = args.values['json'] === true;
  try {
    const config = loadConfig();
    const context: CommandContext = {
      config,
      signal,
      isJson,
      log: makeLog(config.logLevel),
      print: (text, value) => {
        if (!isJson) write(text, process.stdout);
        else if (value !== undefined) write(JSON.stringify(value), process.stdout);
      },
    };
    return await command.run(args, context);
  } catch (thrown) {
    const failure = toFailure(thrown);
    const { title } = FAILURES[failure.code];
    if (isJson) write(JSON.stringify({ error: failure.code, title, detail: failure.detail }), process.stderr);
    else write(`acervo ${command.name}: ${title}: ${failure.detail}`, process.stderr);
    return EXIT.failed;
  }
}

/** @returns what is wrong with the arguments, as a text, or the arguments */
function readArgs(command: Command, rest: readonly string[]): CommandArgs | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: { ...COMMON, ...command.options },
      allowPositionals: true,
      strict: true,
    });
    const [least, most] = command.positionals;
    if (values['help'] !== true && (positionals.length < least || positionals.length > most)) {
      return `${positionals.length} arguments, ${least} to ${most} expected`;
    }
    return { values, positionals };
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function helpText(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary.split('\n')[0]}`);
  return [
    'acervo: a neutral archive of medical images',
    '',
    ...lines,
    '',
    'acervo COMMAND --help tells more; --json prints values for programs.',
  ].join('\n');
}

function write(text: string, to: NodeJS.WritableStream): void {
  to.write(`${text}\n`);
}
