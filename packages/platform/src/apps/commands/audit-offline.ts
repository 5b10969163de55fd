import { dirname, join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { checkpointFileText } from '@acervo/kernel/journal/checkpoint-file.ts';
import { verifyJournal } from '@acervo/verifier/journal.ts';
import { knownOf, publicKeyOf } from '@acervo/verifier/known.ts';
import { verifyPacks } from '@acervo/verifier/packs.ts';
import { PacksInJournal } from '@acervo/verifier/packs-in-journal.ts';
import { keptSigner } from '../../adapters/fs/journal-keys.ts';
import { witness } from '../../features/journal/witness.ts';
import {
  type CommandArgs,
  type CommandContext,
  EXIT,
  type ExitCode,
  isGiven,
  textOption,
  textsOption,
} from '../command.ts';
import { packsDirectory } from '../config.ts';
import { witnessStateIn } from '../witnessing.ts';
import { putFile, readFileOfCheckpoint } from './audit-files.ts';

/** Another institution signs. What it saw is durable before its signature leaves: it never signs both of two pasts. */
export async function auditWitness(args: CommandArgs, { print }: CommandContext): Promise<ExitCode> {
  const [path] = args.positionals;
  const [keyFile] = textsOption(args, 'key');
  const name = textOption(args, 'name')?.trim() ?? '';
  if (path === undefined || keyFile === undefined || name === '') {
    throw new Failure('request/invalid', 'give FILE --key KEYFILE --name NAME');
  }
  const file = await readFileOfCheckpoint(path);
  const { signer, isNew } = keptSigner(keyFile);
  if (isNew)
    print(`A key was made in ${keyFile}; the archive is told its public part: ${signer.key}`, { made: signer.key });
  const statePath = textOption(args, 'state') ?? `${keyFile}.witnessed.json`;
  const trust = textOption(args, 'trust');
  const trusted = trust === undefined ? undefined : publicKeyOf(trust);
  const at = new Date().toISOString();
  const outcome = await witness(file, witnessStateIn(statePath), { signer, name, trusted, at });
  const { archive, number, size } = file.checkpoint;
  if ('refused' in outcome) {
    print(`refused: ${outcome.refused}`, { refused: outcome.refused, archive, number, size });
    return EXIT.damaged;
  }
  await putFile(statePath, `${JSON.stringify(outcome.state, undefined, 1)}\n`);
  await putFile(path, checkpointFileText(outcome.file));
  print(`witnessed by ${name}: checkpoint ${number} of ${size} events`, {
    archive,
    number,
    size,
    name,
    key: signer.key,
  });
  return EXIT.done;
}

/** The same as packages/verifier does elsewhere, over this archive's own folders. */
export async function auditVerify(args: CommandArgs, { config, print }: CommandContext): Promise<ExitCode> {
  const [checkpoint, key, witnesses] = ['checkpoint', 'key', 'witness'].map((name) => textsOption(args, name));
  const known = knownOf({ checkpoint: checkpoint ?? [], key: key ?? [], witness: witnesses ?? [] });
  const packs = packsDirectory(config);
  const told = new PacksInJournal();
  const tell = (finding: { code: string; what: string; detail: string }): void =>
    print(`${finding.code} ${finding.what}: ${finding.detail}`, finding);
  const listen = isGiven(args, 'packs') ? (line: Parameters<PacksInJournal['take']>[0]) => told.take(line) : undefined;
  const journal = await verifyJournal(join(dirname(packs), 'journal'), known, tell, listen);
  const inPacks = listen && (await verifyPacks(packs, tell, told));
  const findings = journal.findings + (inPacks?.findings ?? 0);
  print(`${journal.verdict}; ${findings} findings`, { journal, ...(inPacks && { packs: inPacks }), findings });
  return findings === 0 ? EXIT.done : EXIT.damaged;
}
