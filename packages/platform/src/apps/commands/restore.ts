import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { stagingFolder } from '../../adapters/fs/staging-folder.ts';
import { targetFolder } from '../../adapters/fs/target-folder.ts';
import type { Database } from '../../adapters/postgres/database.ts';
import { isIndexEmpty } from '../../features/backup/backup.repo.ts';
import type { Manifest } from '../../features/backup/manifest.ts';
import { openBackup, type RestoreTarget, stageFiles } from '../../features/backup/restore.ts';
import { verifyArchive } from '../../features/verify/verify.ts';
import { loadAccess } from '../access.ts';
import { refuseOwnFolder } from '../backup-folder.ts';
import {
  type OpenedSecrets,
  openedSecrets,
  openerIn,
  putBackLogins,
  putKeys,
  refuseOtherKeys,
} from '../backup-secrets.ts';
import {
  type Command,
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
} from '../command.ts';
import { type Config, packsDirectory } from '../config.ts';
import { openConfiguredDatabase } from '../open-database.ts';
import { openIndex } from '../open-index.ts';
import { progressLine, sizeText } from '../progress-line.ts';
import { rebuildIndex } from '../rebuild.ts';

const CONNECTIONS_MAX = 3;

export const restoreCommand: Command = {
  name: 'restore',
  usage: '--from DIR [--passphrase-file FILE | --identity FILE | --without-secrets] [--deep] [--json]',
  summary: `Bring a backup back into an empty data directory: packs and journal, then the index from them, then a check.
Every file is compared with its digest; where one is damaged, nothing is restored. --deep reads every object again.
Keys and logins that the backup has sealed are opened first, by the passphrase in a file or the X25519 private key in a
PEM file; then people log in as before. --without-secrets leaves them: everybody is enrolled anew.
Exit codes: 0 everything is back, 3 something is damaged (each file or object is named), 1 it failed.`,
  options: {
    from: { type: 'string' },
    deep: { type: 'boolean' },
    'passphrase-file': { type: 'string' },
    identity: { type: 'string' },
    'without-secrets': { type: 'boolean' },
  },
  positionals: [0, 0],
  run: runRestore,
};

async function runRestore(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const { config, log, print } = context;
  const from = textOption(args, 'from');
  if (from === undefined) throw new Failure('request/invalid', 'give --from DIR');
  const manifest = await openBackup(targetFolder(from));
  await refuseOwnFolder(from, config);
  const secrets = await openedSecrets(targetFolder(from), openerIn(args), isGiven(args, 'without-secrets'));
  if (secrets !== undefined) refuseOtherKeys(config, secrets);
  const packs = packsDirectory(config);
  const beside = (name: string) => stagingFolder(join(dirname(packs), name));
  const into: RestoreTarget = { packs: stagingFolder(packs), journal: beside('journal'), models: beside('models') };
  await refuseHeld(config, into);
  if (config.databaseUrl !== undefined) {
    const database = await openConfiguredDatabase(config, { role: 'restore', connectionsMax: 1, log });
    await refuseHeldIndex(database).finally(() => database.close());
  }
  const damaged = await stage(from, manifest, into, context);
  for (const { path, reason } of damaged) print(`damaged ${path}: ${reason}`, { damaged: path, reason });
  if (damaged.length > 0) {
    const text = `${damaged.length} files of the backup are damaged: nothing was restored`;
    print(text, { restored: false, damaged: damaged.length });
    return EXIT.damaged;
  }
  if (secrets !== undefined) putKeys(config, secrets);
  return bringUp(manifest, into, { deep: isGiven(args, 'deep'), secrets }, context);
}

async function stage(from: string, manifest: Manifest, into: RestoreTarget, { signal, isJson }: CommandContext) {
  const progress = progressLine(process.stderr, !isJson);
  const { bytes } = manifest.counts;
  await into.packs.clear();
  await into.journal.clear();
  await into.models.clear();
  const damaged = await stageFiles(targetFolder(from), manifest, into, signal, (done) =>
    progress.show(done / Math.max(1, bytes), `${sizeText(done)} of ${sizeText(bytes)} copied`),
  );
  progress.end();
  return damaged;
}

/** Files get their names, the index is made from them, and both are compared. */
async function bringUp(
  manifest: Manifest,
  into: RestoreTarget,
  { deep, secrets }: { deep: boolean; secrets: OpenedSecrets | undefined },
  context: CommandContext,
): Promise<ExitCode> {
  const { config, log, signal, print, isJson } = context;
  const progress = progressLine(process.stderr, !isJson);
  const tell = (finding: { code: string; what: string; detail: string }): void =>
    print(`${finding.code} ${finding.what}: ${finding.detail}`, finding);
  const rebuilt = await rebuildIndex(config, {
    role: 'restore',
    log,
    signal,
    check: refuseHeldIndex,
    before: async () => {
      await into.packs.publish();
      await into.journal.publish();
      await into.models.publish();
    },
    hears: {
      finding: tell,
      progress: (groups, instances) => progress.show(undefined, `${groups} groups, ${instances} instances`),
    },
  });
  progress.end();
  const people = secrets && (await restoreLogins(secrets, context));
  const verified = await verifyRestored(deep, context, tell);
  const { segments, instances, journalLines } = rebuilt;
  const findings = rebuilt.findings + verified.findings;
  const {
    at,
    version,
    counts: { bytes },
  } = manifest;
  const counts = `${instances} instances in ${segments} segments, ${journalLines} journal lines`;
  const logins = people === undefined ? 'nobody can log in yet' : `${people} people can log in`;
  const text = `${counts}, ${sizeText(bytes)}, as of ${at}; ${logins}`;
  const told = { restored: true, at, version, rebuilt, verified, ...(people !== undefined && { people }) };
  print(findings === 0 ? text : `${text}; ${findings} findings`, told);
  return findings === 0 ? EXIT.done : EXIT.damaged;
}

async function restoreLogins(secrets: OpenedSecrets, { config, log, signal }: CommandContext): Promise<number> {
  const index = await openIndex(config, { role: 'restore', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const op = loadAccess(config, log).ofCommand('restore').openOp(signal);
    return await putBackLogins(index.database, op, secrets);
  } finally {
    await index.close();
  }
}

async function verifyRestored(
  deep: boolean,
  { config, log, signal }: CommandContext,
  tell: Parameters<typeof verifyArchive>[2],
): ReturnType<typeof verifyArchive> {
  const index = await openIndex(config, { role: 'restore', connectionsMax: CONNECTIONS_MAX, log });
  const { database: db, blobs, journalBlobs } = index;
  try {
    return await verifyArchive({ db, blobs, journalBlobs, signal }, { deep, segment: undefined }, tell);
  } finally {
    await index.close();
  }
}

/** @throws {Failure} config/invalid: what is there is never mixed with what comes. */
async function refuseHeld({ dataDir, databaseUrl }: Config, into: RestoreTarget): Promise<void> {
  const { packs, journal, models } = into;
  const isHeld = !(await packs.isEmpty()) || !(await journal.isEmpty()) || !(await models.isEmpty());
  const isIndexed = databaseUrl === undefined && existsSync(join(dataDir, 'postgres'));
  if (!isHeld && !isIndexed) return;
  throw new Failure('config/invalid', `${dataDir} holds an archive already: restore into an empty one`);
}

/** @throws {Failure} config/invalid */
async function refuseHeldIndex(database: Database): Promise<void> {
  if (!(await isIndexEmpty(database))) throw new Failure('config/invalid', 'the index database is not empty');
}
