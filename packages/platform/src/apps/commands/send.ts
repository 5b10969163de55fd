import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { openImportLedger } from '../../adapters/fs/import-ledger.ts';
import { sourceFiles } from '../../adapters/fs/source-files.ts';
import { PIXEL_LIMITS, PixelPool } from '../../adapters/pixel/pool.ts';
import { type SendSummary, type Sent, sendFiles, sendStudies } from '../../features/transfer/send.ts';
import { makeTranscoder } from '../../holdings/transcode.ts';
import type { Systems } from '../../ports/systems.ts';
import type { Transcoder } from '../../ports/transcoder.ts';
import { loadAccess } from '../access.ts';
import { type Archive, openArchive } from '../archive.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
  textsOption,
} from '../command.ts';
import type { Config } from '../config.ts';
import { associateWith } from '../outgoing.ts';
import { progressLine } from '../progress-line.ts';
import { openRegistry } from '../registry.ts';
import { directSystem, remoteSystem } from '../remote-system.ts';
import { resumeFile } from '../resume-file.ts';
import { openTlsKeys } from '../tls.ts';

const CONNECTIONS_MAX = 4;
const PATHS_MAX = 10_000;

export const sendCommand: Command = {
  name: 'send',
  usage: 'TARGET (PATH... | --study UID...) [--institution CODE] [--resume-file FILE] [--again] [--json]',
  summary: `Send objects by C-STORE: of files, folders and ZIP archives, or studies of the archive.
TARGET is the AE title of a system that the archive knows, or AET@host:port.
Run again with the same arguments it goes on where it was; --again sends everything anew.
Exit codes: 0 everything was taken, 4 some objects were not (each is named with its reason), 1 it failed.`,
  options: {
    study: { type: 'string', multiple: true },
    institution: { type: 'string' },
    'resume-file': { type: 'string' },
    again: { type: 'boolean' },
  },
  positionals: [1, PATHS_MAX],
  run: runSend,
};

async function runSend(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const [target = '', ...paths] = args.positionals;
  const studies = textsOption(args, 'study');
  if (studies.length > 0 === paths.length > 0) throw new Failure('request/invalid', 'give either PATH or --study UID');
  for (const path of paths) if (!existsSync(path)) throw new Failure('request/invalid', `there is no ${path}`);
  const institution = textOption(args, 'institution') ?? config.institution;
  if (!isInstitution(institution)) throw new Failure('request/invalid', `${institution} is no institution code`);
  const ledger = await openImportLedger(ledgerPath(args, context, institution), isGiven(args, 'again'));
  const teller = tellerOf(context);
  const associate = associateWith(config, openTlsKeys(config, log));
  const ports = { associate, log, ledger, tell: teller.tell };
  const op = loadAccess(config, log).ofCommand('send', institution).openOp(signal);
  const direct = directSystem(target);
  try {
    const summary =
      studies.length === 0 && direct !== undefined
        ? await withTranscoder(config, (transcoder) =>
            sendFiles({ ...ports, transcoder }, op, direct, sourceFiles(paths)),
          )
        : await withArchive(context, ({ holdings }, systems) => {
            const address = remoteSystem(systems, target);
            const { transcoder } = holdings;
            if (studies.length === 0) return sendFiles({ ...ports, transcoder }, op, address, sourceFiles(paths));
            return sendStudies({ ...ports, transcoder, holdings }, op, address, studies);
          });
    teller.end();
    print(summaryText(summary), { summary });
    const whole = summary.sent + summary.warning + summary.before;
    if (studies.length > 0 && whole + summary.failed === 0) throw new Failure('retrieve/not-found', 'no such study');
    return summary.failed + summary.skipped > 0 ? EXIT.partly : EXIT.done;
  } finally {
    teller.end();
    ledger.close();
  }
}

/** Files go to a system that the command line describes without an archive. */
async function withTranscoder<T>(config: Config, work: (transcoder: Transcoder) => Promise<T>): Promise<T> {
  const imaging = new PixelPool({ ...PIXEL_LIMITS, workers: config.pixelWorkers, kept: 0 });
  try {
    return await work(makeTranscoder(imaging));
  } finally {
    await imaging.close();
  }
}

async function withArchive<T>(
  { config, log }: CommandContext,
  work: (archive: Archive, systems: Systems) => Promise<T>,
): Promise<T> {
  const archive = await openArchive(config, { role: 'send', connectionsMax: CONNECTIONS_MAX, log });
  try {
    return await work(archive, (await openRegistry(config, archive.database, log)).systems);
  } finally {
    await archive.close();
  }
}

/** The same arguments give the same file. */
function ledgerPath(args: CommandArgs, context: CommandContext, institution: string): string {
  const [target, ...paths] = args.positionals;
  const what = [institution, target, textsOption(args, 'study'), ...paths.map((path) => resolve(path))];
  return resumeFile(args, context, 'sends', what);
}

function tellerOf({ isJson, print }: CommandContext) {
  const progress = progressLine(process.stderr, !isJson);
  let objects = 0;
  return {
    tell: (sent: Sent): void => {
      objects += 1;
      if (isJson) return print('', sent);
      progress.show(undefined, `${objects} objects`);
      if (sent.reason !== undefined) progress.line(`${sent.outcome} ${sent.name}: ${sent.reason}`);
    },
    end: () => progress.end(),
  };
}

function summaryText({ studies, seconds, ...counts }: SendSummary): string {
  const told = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name === 'before' ? 'sent before' : name}`);
  const each = studies.map(
    ({ study, sent, warning, failed, before }) =>
      `  ${study}: ${sent + warning + before} taken${failed > 0 ? `, ${failed} failed` : ''}`,
  );
  return [`${told.join(', ') || 'nothing found'} in ${seconds} s`, ...each].join('\n');
}
