import { Failure } from '@acervo/kernel/failure.ts';
import type { Finding } from '@acervo/kernel/pack/finding.ts';
import { verifyExport } from '@acervo/verifier/export.ts';
import { verifyArchive } from '../../features/verify/verify.ts';
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

const CONNECTIONS_MAX = 3;

export const verifyCommand: Command = {
  name: 'verify',
  usage: '[--deep] [--segment N] | --export DIR [--json]',
  summary: `Compare packs, index and journal with each other, or an exported folder with its manifest.
Without --deep the structure is compared; with it every byte. One line for each finding: its code, what, why.
Exit codes: 0 all is as it should be, 3 something is not.`,
  options: { deep: { type: 'boolean' }, segment: { type: 'string' }, export: { type: 'string' } },
  positionals: [0, 0],
  run: runVerify,
};

async function runVerify(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const folder = textOption(args, 'export');
  const totals = folder === undefined ? await verifyHere(args, context) : await verifyExport(folder, tellOn(context));
  const text = Object.entries(totals)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
  context.print(text, { totals });
  return totals.findings === 0 ? EXIT.done : EXIT.damaged;
}

async function verifyHere(args: CommandArgs, context: CommandContext): ReturnType<typeof verifyArchive> {
  const { config, log, signal } = context;
  const given = textOption(args, 'segment');
  const segment = given === undefined ? undefined : Number(given);
  if (segment !== undefined && !Number.isSafeInteger(segment))
    throw new Failure('request/invalid', '--segment takes a number');
  const index = await openIndex(config, { role: 'verify', connectionsMax: CONNECTIONS_MAX, log });
  const { database: db, blobs, journalBlobs } = index;
  try {
    return await verifyArchive(
      { db, blobs, journalBlobs, signal },
      { deep: isGiven(args, 'deep'), segment },
      tellOn(context),
    );
  } finally {
    await index.close();
  }
}

const tellOn =
  ({ print }: CommandContext) =>
  (finding: Finding<string>): void =>
    print(`${finding.code} ${finding.what}: ${finding.detail}`, finding);
