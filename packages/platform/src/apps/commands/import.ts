import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import { openImportLedger } from '../../adapters/fs/import-ledger.ts';
import { countFiles, sourceFiles } from '../../adapters/fs/source-files.ts';
import { type Imported, type ImportSummary, importFiles } from '../../features/import/import.ts';
import type { Op } from '../../ports/op.ts';
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
import { resumeFile } from '../resume-file.ts';

const CONNECTIONS_MAX = 6;
const PATHS_MAX = 10_000;

export const importCommand: Command = {
  name: 'import',
  usage: 'PATH... [--institution CODE] [--issuer TEXT] [--charset TERM] [--resume-file FILE] [--again] [--json]',
  summary: `Store the DICOM objects of folders, files, ZIP archives and DICOMDIRs.
Run again with the same arguments it goes on where it was; --again reads everything anew.
Exit codes: 0 everything is stored, 4 some files were skipped (each is named with its reason), 1 it was ended.`,
  options: {
    institution: { type: 'string' },
    issuer: { type: 'string' },
    charset: { type: 'string' },
    'resume-file': { type: 'string' },
    again: { type: 'boolean' },
  },
  positionals: [1, PATHS_MAX],
  run: runImport,
};

async function runImport(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print, isJson } = context;
  const institution = textOption(args, 'institution') ?? config.institution;
  if (!isInstitution(institution)) throw new Failure('request/invalid', `${institution} is no institution code`);
  for (const path of args.positionals) {
    if (!existsSync(path)) throw new Failure('request/invalid', `there is no ${path}`);
  }
  const files = sourceFiles(args.positionals);
  const archive = await openArchive(config, { role: 'import', connectionsMax: CONNECTIONS_MAX, log });
  const ledger = await openImportLedger(ledgerPath(args, context, institution), isGiven(args, 'again'));
  const counting = new AbortController();
  const teller = tellerOf(context, isJson ? Promise.resolve(undefined) : countFiles(args.positionals, counting.signal));
  try {
    const op = importOp(args, context, institution, signal);
    const summary = await importFiles(archive.holdings, op, files, ledger, teller.tell);
    teller.end();
    print(summaryText(summary), { summary });
    if (summary.ended !== undefined) return EXIT.failed;
    return summary.skipped + summary.missing > 0 ? EXIT.partly : EXIT.done;
  } finally {
    counting.abort();
    ledger.close();
    await archive.close();
  }
}

function importOp(args: CommandArgs, { config, log }: CommandContext, institution: string, signal: AbortSignal): Op {
  const op = loadAccess(config, log).ofCommand('import', institution).openOp(signal);
  const issuer = textOption(args, 'issuer') ?? op.issuer;
  return { ...op, issuer, charsetDefault: textOption(args, 'charset') ?? op.charsetDefault };
}

/** The same arguments give the same file. */
function ledgerPath(args: CommandArgs, context: CommandContext, institution: string): string {
  const what = [
    institution,
    textOption(args, 'issuer'),
    textOption(args, 'charset'),
    ...args.positionals.map((path) => resolve(path)),
  ];
  return resumeFile(args, context, 'imports', what);
}

function tellerOf({ isJson, print }: CommandContext, total: Promise<number | undefined>) {
  const progress = progressLine(process.stderr, !isJson);
  let files = 0;
  let bytes = 0;
  let whole: number | undefined;
  // Where the folders cannot be counted there is no share to show.
  total.then(
    (count) => (whole = count),
    () => undefined,
  );
  return {
    tell: (imported: Imported): void => {
      files += 1;
      bytes += imported.bytes;
      if (isJson) return print('', imported);
      progress.show(
        whole === undefined ? undefined : files / Math.max(whole, files),
        `${files} files, ${sizeText(bytes)}`,
      );
      if (imported.outcome === 'skipped' || imported.outcome === 'missing') {
        const code = imported.code === undefined ? '' : ` (${imported.code})`;
        progress.line(`${imported.outcome} ${imported.name}: ${imported.reason}${code}`);
      }
    },
    end: () => progress.end(),
  };
}

function summaryText(summary: ImportSummary): string {
  const { stored, resent, versions, before, directories, skipped, missing, reasons, bytes, seconds } = summary;
  const counts = {
    stored,
    resent,
    'stored as a further version': versions,
    'done before': before,
    'DICOMDIR read': directories,
    skipped,
    missing,
  };
  const told = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${name}`);
  const why = Object.entries(reasons)
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `  ${count} ${reason}`);
  const rate = `${summary.filesPerSecond} objects/s, ${summary.mibPerSecond} MiB/s`;
  const end = summary.ended === undefined ? '' : `\nended early: ${summary.ended}; run it again to go on`;
  return [`${told.join(', ') || 'nothing found'}; ${sizeText(bytes)} in ${seconds} s (${rate})${end}`, ...why].join(
    '\n',
  );
}
