import { isValidUid } from '@acervo/dicom/uid.ts';
import { Failure } from '@acervo/kernel/failure.ts';
import { openImportLedger } from '../../adapters/fs/import-ledger.ts';
import { cStore } from '../../features/store/store.cstore.ts';
import type { Keys } from '../../features/transfer/find.scu.ts';
import { readHours } from '../../features/transfer/hours.ts';
import { type PullOptions, type PullSummary, pullStudies, type StudyPulled } from '../../features/transfer/pull.ts';
import type { Way } from '../../features/transfer/retrieve.scu.ts';
import type { Holdings } from '../../holdings/holdings.ts';
import type { Op } from '../../ports/op.ts';
import { type Access, loadAccess } from '../access.ts';
import { openArchive } from '../archive.ts';
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
import { associateWith } from '../outgoing.ts';
import { progressLine } from '../progress-line.ts';
import { openRegistry } from '../registry.ts';
import { remoteSystem } from '../remote-system.ts';
import { resumeFile } from '../resume-file.ts';
import { openTlsKeys } from '../tls.ts';

const CONNECTIONS_MAX = 6;
const ASSOCIATIONS_MAX = 64;
const RATE_MAX = 100_000;
/** UIDs of a study that are named for people; --json names all. */
const NAMED_MAX = 5;

export const pullCommand: Command = {
  name: 'pull',
  usage: `SOURCE (--study UID... | --patient ID | --date-range FROM-TO) [--modality TEXT] [--get]
  [--between HH:MM-HH:MM] [--associations N] [--rate N] [--institution CODE] [--resume-file FILE] [--again] [--json]`,
  summary: `Bring studies of another archive here, and hold each against the source, instance by instance.
SOURCE is the AE title of a system that the archive knows, or AET@host:port. It is asked by C-FIND and sends by C-MOVE
to the running \`acervo serve\`, whose AE title it has to know; with --get by C-GET, on the association it is asked on.
Run again with the same arguments it goes on where it was. --between: studies begin only within these hours of the day;
--associations: studies at a time; --rate: instances in a second, as a mean.
Exit codes: 0 every study is complete, 4 some are not (each is named with what is missing), 1 it failed.`,
  options: {
    study: { type: 'string', multiple: true },
    patient: { type: 'string' },
    'date-range': { type: 'string' },
    modality: { type: 'string' },
    get: { type: 'boolean' },
    between: { type: 'string' },
    associations: { type: 'string' },
    rate: { type: 'string' },
    institution: { type: 'string' },
    'resume-file': { type: 'string' },
    again: { type: 'boolean' },
  },
  positionals: [1, 1],
  run: runPull,
};

async function runPull(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print } = context;
  const options = optionsOf(args);
  const associate = associateWith(config, openTlsKeys(config, log));
  const archive = await openArchive(config, { role: 'pull', connectionsMax: CONNECTIONS_MAX, log });
  const ledger = await openImportLedger(ledgerPath(args, context), isGiven(args, 'again'));
  const teller = tellerOf(context);
  try {
    const { holdings, database } = archive;
    const access = loadAccess(config, log, (await openRegistry(config, database, log)).systems);
    const source = remoteSystem(access.systems, args.positionals[0] ?? '');
    const op = access.ofCommand('pull', textOption(args, 'institution')).openOp(signal);
    const way = wayOf(args, context, { access, holdings, source: source.aeTitle });
    const ports = { associate, log, way, holdings, ledger, tell: teller.tell };
    const summary = await pullStudies(ports, op, source, options);
    teller.end();
    print(summaryText(summary), { summary });
    return summary.incomplete + summary.failed > 0 ? EXIT.partly : EXIT.done;
  } finally {
    teller.end();
    ledger.close();
    await archive.close();
  }
}

/** Objects that come by C-GET are stored as if the source had sent them. */
function wayOf(
  args: CommandArgs,
  { config }: CommandContext,
  { access, holdings, source }: { access: Access; holdings: Holdings; source: string },
): Way {
  if (!isGiven(args, 'get')) return { by: 'move', destination: config.aeTitle };
  const system = access.systems.byAeTitle(source);
  const command = access.ofCommand('pull', textOption(args, 'institution') ?? system?.institution);
  const openOp = (signal: AbortSignal): Op => {
    const op = command.openOp(signal);
    const { issuer = op.issuer, charset = op.charsetDefault } = system ?? {};
    return { ...op, system: source, issuer, charsetDefault: charset };
  };
  return { by: 'get', store: cStore(holdings), caller: { openOp } };
}

function optionsOf(args: CommandArgs): PullOptions {
  const studies = textsOption(args, 'study');
  const patient = textOption(args, 'patient');
  const dates = textOption(args, 'date-range');
  const modality = textOption(args, 'modality');
  const wrong = studies.find((uid) => !isValidUid(uid));
  if (wrong !== undefined) throw new Failure('request/invalid', `${wrong} is no UID`);
  if (dates !== undefined && !/^(\d{8}-?|-\d{8}|\d{8}-\d{8})$/.test(dates)) {
    throw new Failure('request/invalid', `${dates}: dates such as 20240101-20240331`);
  }
  if (studies.length === 0 && patient === undefined && dates === undefined) {
    throw new Failure('request/invalid', 'give --study, --patient or --date-range: never a whole archive by mistake');
  }
  const keys: Keys = {
    ...(patient !== undefined && { PatientID: patient }),
    ...(dates !== undefined && { StudyDate: dates }),
    ...(modality !== undefined && { ModalitiesInStudy: modality }),
  };
  const between = textOption(args, 'between');
  return {
    wanted: studies.length === 0 ? [keys] : studies.map((study) => ({ ...keys, StudyInstanceUID: study })),
    associations: numberOption(args, 'associations', ASSOCIATIONS_MAX) ?? 1,
    rate: numberOption(args, 'rate', RATE_MAX),
    hours: between === undefined ? undefined : readHours(between),
  };
}

function numberOption(args: CommandArgs, name: string, max: number): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d{1,6}$/.test(text) || value < 1 || value > max) {
    throw new Failure('request/invalid', `--${name} ${text}: a number from 1 to ${max}`);
  }
  return value;
}

/** The same question to the same source gives the same file, whatever the hours and the speed. */
function ledgerPath(args: CommandArgs, context: CommandContext): string {
  const names = ['patient', 'date-range', 'modality', 'institution'];
  const what = [args.positionals[0], textsOption(args, 'study'), ...names.map((name) => textOption(args, name))];
  return resumeFile(args, context, 'pulls', what);
}

function tellerOf({ isJson, print }: CommandContext) {
  const progress = progressLine(process.stderr, !isJson);
  let studies = 0;
  return {
    tell: (pulled: StudyPulled): void => {
      studies += 1;
      if (isJson) return print('', pulled);
      progress.show(undefined, `${studies} studies`);
      print(studyText(pulled));
    },
    end: () => progress.end(),
  };
}

function studyText({ study, outcome, expected, here, missing, extra, reason }: StudyPulled): string {
  const named = (uids: readonly string[]): string =>
    uids.slice(0, NAMED_MAX).join(', ') + (uids.length > NAMED_MAX ? ', ...' : '');
  const parts = [
    `${outcome} ${study}: ${expected - missing.length} of ${expected} instances`,
    ...(here > 0 ? [`${here} were here`] : []),
    ...(missing.length > 0 ? [`missing ${missing.length}: ${named(missing)}`] : []),
    ...(extra.length > 0 ? [`only here ${extra.length}: ${named(extra)}`] : []),
    ...(reason !== undefined ? [reason] : []),
  ];
  return parts.join('; ');
}

function summaryText({
  complete,
  before,
  incomplete,
  failed,
  instances,
  missing,
  extra,
  seconds,
}: PullSummary): string {
  const studies = `${complete} studies complete, ${before} before, ${incomplete} incomplete, ${failed} failed`;
  return `${studies}; ${instances} instances came in ${seconds} s, ${missing} missing, ${extra} only here`;
}
