import { Failure } from '@acervo/kernel/failure.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';
import { type ExportWanted, exportObjects } from '../../features/export/export.ts';
import { loadAccess } from '../access.ts';
import { openArchive } from '../archive.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
} from '../command.ts';
import { progressLine, sizeText } from '../progress-line.ts';

const CONNECTIONS_MAX = 4;

export const exportCommand: Command = {
  name: 'export',
  usage: '(--study UID [--institution CODE] | --all) --to DIR [--versions] [--json]',
  summary: `Write objects as DICOM files, as they are stored, with manifest.jsonl and SHA256SUMS.
Run again it keeps what is right already. Check the result with: acervo verify --export DIR.
Exit codes: 0 everything is there, 3 some objects are damaged in the archive (each is named), 1 it failed.`,
  options: {
    study: { type: 'string' },
    institution: { type: 'string' },
    all: { type: 'boolean' },
    to: { type: 'string' },
    versions: { type: 'boolean' },
  },
  positionals: [0, 0],
  run: runExport,
};

async function runExport(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print, isJson } = context;
  const { wanted, to } = wantedOf(args, config.institution);
  const archive = await openArchive(config, { role: 'export', connectionsMax: CONNECTIONS_MAX, log });
  const progress = progressLine(process.stderr, !isJson);
  try {
    const op = loadAccess(config, log).ofCommand('export').openOp(signal);
    let objects = 0;
    let bytes = 0;
    const summary = await exportObjects(archive.holdings, op, targetFolder(to), wanted, (exported) => {
      objects += 1;
      bytes += exported.bytes;
      progress.show(undefined, `${objects} objects, ${sizeText(bytes)}`);
      if (exported.outcome !== 'damaged') return;
      if (isJson) print('', exported);
      else progress.line(`damaged ${exported.path}: ${exported.reason}`);
    });
    progress.end();
    const { studies, kept, damaged, seconds } = summary;
    const text = `${summary.objects} objects of ${studies} studies, ${sizeText(summary.bytes)} in ${seconds} s`;
    print(`${text}${kept > 0 ? `, ${kept} of them kept` : ''}${damaged > 0 ? `, ${damaged} damaged` : ''}`, {
      summary,
    });
    return damaged > 0 ? EXIT.damaged : EXIT.done;
  } finally {
    await archive.close();
  }
}

function wantedOf(args: CommandArgs, institutionDefault: string): { wanted: ExportWanted; to: string } {
  const study = textOption(args, 'study');
  const to = textOption(args, 'to');
  if (to === undefined) throw new Failure('request/invalid', 'give --to DIR');
  if ((study === undefined) !== isGiven(args, 'all'))
    throw new Failure('request/invalid', 'give either --study UID or --all');
  const institution = textOption(args, 'institution') ?? institutionDefault;
  return {
    wanted: { only: study === undefined ? undefined : { institution, study }, versions: isGiven(args, 'versions') },
    to,
  };
}
