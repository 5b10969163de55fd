import { Failure } from '@acervo/kernel/failure.ts';
import { fileBlobStore } from '../../adapters/fs/blob-store.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';
import { exclusively } from '../../adapters/postgres/exclusive.ts';
import { runDirectory } from '../../adapters/postgres/run-directory.ts';
import { type BackupSummary, backUp } from '../../features/backup/backup.ts';
import type { Recipient } from '../../features/backup/sealed-secrets.ts';
import { loadAccess } from '../access.ts';
import { type Archive, blobStores, openArchive } from '../archive.ts';
import { refuseOwnFolder } from '../backup-folder.ts';
import { recipientIn, sealedSecrets } from '../backup-secrets.ts';
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
import { version } from '../version.ts';

const CONNECTIONS_MAX = 4;
/** Two backups of one archive at a time are a mistake: the second one is told so soon. */
const LOCK_MS_MAX = 2000;

export const backupCommand: Command = {
  name: 'backup',
  usage: '--to DIR [--passphrase-file FILE | --recipient FILE] [--deep] [--json]',
  summary: `Copy packs and journal into a folder while a server goes on; run again, only what is new.
Everything acknowledged before it began is in it. --deep compares what is there already with its digests.
Keys, passwords and second factors come along only sealed: by the passphrase in a file, or for the X25519 public key in
a PEM file (openssl pkey -pubout). Without either they are in no backup, and after a loss everybody is enrolled anew.
Exit codes: 0 it is whole, 3 a file of the archive is missing or damaged (each is named), 1 it failed or was ended:
the backup that was there before stays valid, and the next run goes on where this one was.`,
  options: {
    to: { type: 'string' },
    deep: { type: 'boolean' },
    'passphrase-file': { type: 'string' },
    recipient: { type: 'string' },
  },
  positionals: [0, 0],
  run: runBackup,
};

async function runBackup(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log } = context;
  const to = textOption(args, 'to');
  if (to === undefined) throw new Failure('request/invalid', 'give --to DIR');
  const recipient = recipientIn(args);
  await refuseOwnFolder(to, config);
  const archive = await openArchive(config, { role: 'backup', connectionsMax: CONNECTIONS_MAX, log });
  try {
    // So that what is copied is signed to its end, where this process has the key.
    await archive.signJournal();
    return await exclusively(runDirectory(config.dataDir), 'backup', LOCK_MS_MAX, () =>
      backUpTo({ to, deep: isGiven(args, 'deep'), recipient }, archive, context),
    );
  } finally {
    await archive.close();
  }
}

type Wanted = { to: string; deep: boolean; recipient: Recipient | undefined };

async function backUpTo({ to, deep, recipient }: Wanted, archive: Archive, context: CommandContext): Promise<ExitCode> {
  const { config, log, signal, print, isJson } = context;
  const { holdings, sealer, node } = archive;
  const { modelBlobs } = blobStores(config);
  const { db, blobs, journalBlobs, journal } = holdings;
  const progress = progressLine(process.stderr, !isJson);
  const op = loadAccess(config, log).ofCommand('backup').openOp(signal);
  const ports = { db, blobs, journalBlobs, modelBlobs, journal, sealer, node, version };
  const summary = await backUp(
    ports,
    op,
    { folder: targetFolder(to), blobs: fileBlobStore(to) },
    { deep, secrets: recipient && (() => sealedSecrets(config, { db, node }, recipient)) },
    {
      damaged: ({ path, reason }) => print(`damaged ${path}: ${reason}`, { damaged: path, reason }),
      progress: (copied, bytes, all) => {
        progress.show(bytes / all, `${sizeText(bytes)} of ${sizeText(all)}`);
        if (copied.how === 'repaired') print(`repaired ${copied.file.path}`, { repaired: copied.file.path });
      },
    },
  );
  progress.end();
  print(summaryText(summary), { summary });
  return summary.damaged > 0 ? EXIT.damaged : EXIT.done;
}

function summaryText(summary: BackupSummary): string {
  const { segments, journalFiles, bytes, bytesCopied, seconds } = summary;
  const { kept, extended, copied, repaired, damaged, secrets } = summary;
  const counts = Object.entries({ kept, extended, copied, repaired, damaged }).filter(([, count]) => count > 0);
  const what = `${segments} segments and ${journalFiles} journal files, ${sizeText(bytes)}`;
  const how = counts.map(([name, count]) => `${count} ${name}`).join(', ') || 'nothing to copy';
  const logins = secrets ? 'keys and logins sealed' : 'keys and logins are not in it (--passphrase-file, --recipient)';
  return `${what}: ${how}; ${sizeText(bytesCopied)} written in ${seconds} s; ${logins}`;
}
