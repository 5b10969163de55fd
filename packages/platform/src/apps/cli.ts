import { parseArgs } from 'node:util';
import { FAILURES, toFailure } from '@acervo/kernel/failure.ts';
import { type Command, type CommandArgs, type CommandContext, EXIT, type ExitCode } from './command.ts';
import { aiCommand } from './commands/ai.ts';
import { approveCommand } from './commands/approve.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { breakGlassCommand } from './commands/break-glass.ts';
import { commitCommand } from './commands/commit.ts';
import { commitmentsCommand } from './commands/commitments.ts';
import { configCommand } from './commands/config.ts';
import { demoCommand } from './commands/demo.ts';
import { directoryCommand } from './commands/directory.ts';
import { doctorCommand } from './commands/doctor.ts';
import { exportCommand } from './commands/export.ts';
import { importCommand } from './commands/import.ts';
import { loginCommand } from './commands/login.ts';
import { migrateCommand } from './commands/migrate.ts';
import { modelCommand } from './commands/model.ts';
import { ohifCommand } from './commands/ohif.ts';
import { patientCommand } from './commands/patient.ts';
import { policyCommand } from './commands/policy.ts';
import { pullCommand } from './commands/pull.ts';
import { queryCommand } from './commands/query.ts';
import { reindexCommand } from './commands/reindex.ts';
import { restoreCommand } from './commands/restore.ts';
import { resultCommand } from './commands/result.ts';
import { rightsCommand } from './commands/rights.ts';
import { sendCommand } from './commands/send.ts';
import { serveCommand } from './commands/serve.ts';
import { referCommand, shareCommand } from './commands/share.ts';
import { systemsCommand } from './commands/systems.ts';
import { verifyCommand } from './commands/verify.ts';
import { loadConfig } from './config.ts';
import { makeLog } from './log.ts';

/** Every command of `acervo`. A new one is one file and one line here. */
export const COMMANDS: readonly Command[] = [
  serveCommand,
  demoCommand,
  importCommand,
  exportCommand,
  sendCommand,
  pullCommand,
  verifyCommand,
  auditCommand,
  reindexCommand,
  backupCommand,
  restoreCommand,
  systemsCommand,
  directoryCommand,
  doctorCommand,
  queryCommand,
  commitCommand,
  commitmentsCommand,
  patientCommand,
  rightsCommand,
  loginCommand,
  shareCommand,
  referCommand,
  breakGlassCommand,
  policyCommand,
  modelCommand,
  resultCommand,
  approveCommand,
  aiCommand,
  migrateCommand,
  configCommand,
  ohifCommand,
];

const COMMON = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const;

/** Run one command line. @returns the exit code */
export async function main(argv: readonly string[], signal: AbortSignal): Promise<ExitCode> {
  const [name = 'help', ...rest] = argv;
  const command = COMMANDS.find((candidate) => candidate.name === name);
  if (command === undefined) {
    const isHelp = ['help', '--help', '-h'].includes(name);
    write(isHelp ? helpText() : `unknown command: ${name}\n\n${helpText()}`, isHelp ? process.stdout : process.stderr);
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

function helpText(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary.split('\n')[0]}`);
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
