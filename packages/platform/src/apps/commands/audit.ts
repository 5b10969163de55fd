import { createPublicKey } from 'node:crypto';
import { resolve } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import type { BundleSubject } from '@acervo/kernel/journal/bundle.ts';
import { checkpointFileText } from '@acervo/kernel/journal/checkpoint-file.ts';
import { keptSigner } from '../../adapters/fs/journal-keys.ts';
import { adopt } from '../../features/journal/adopt.ts';
import { makeBundle } from '../../features/journal/bundle.ts';
import { publicKey, replaceKey, rotateKey } from '../../features/journal/change-key.ts';
import { exportCheckpoint } from '../../features/journal/export-checkpoint.ts';
import type { Signer } from '../../ports/journal-keys.ts';
import type { Op } from '../../ports/op.ts';
import { loadAccess } from '../access.ts';
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
import { type OpenIndex, openIndex } from '../open-index.ts';
import { openSealing, type Sealing } from '../sealing.ts';
import { writeCase } from './audit-case.ts';
import { numberOf, putFile, readFileOfCheckpoint } from './audit-files.ts';
import { auditVerify, auditWitness } from './audit-offline.ts';
import { retireMonths } from './audit-retire.ts';
import { witnessOthers } from './audit-witness.ts';

const CONNECTIONS_MAX = 3;
const MANY = { type: 'string', multiple: true } as const;

export const auditCommand: Command = {
  name: 'audit',
  usage: `key [--rotate | --replace --reason TEXT] [--new-key FILE]
       checkpoint [--to FILE] [--since NUMBER]...
       witness FILE --key FILE --name NAME [--trust KEY] [--state FILE]
       witness --at URL...
       adopt FILE
       retire [--dry-run] [--ignore-receiver URL]...
       verify [--packs] [--checkpoint FILE]... [--key KEY]... [--witness NAME=KEY]...
       bundle --study UID | --from NUMBER --to NUMBER, --to-file FILE
       case STUDY-UID --to FILE [--reason TEXT] [--institution CODE] [--with-objects] [--since NUMBER]...`,
  summary: `The signed journal: its key, checkpoints that others witness, and proofs for who has no archive.
key tells the public key; --rotate changes it, --replace does so when the old one is lost.
checkpoint signs what is there and writes it for a witness; witness, on the machine of another institution, signs it
unless it contradicts what was witnessed before; adopt brings it back. witness --at does all three over HTTP.
retire leaves months that are older than ACERVO_JOURNAL_MONTHS to the journal segments alone, or says what stands in
the way; segments are never deleted.
verify holds journal, and --packs, against themselves and against what was kept elsewhere, without the database.
bundle writes events with their proofs in one file: node packages/verifier/src/main.ts bundle FILE.
case writes all that is known of one study in a tar archive, for its patient: who saw it, why, its entries with their
proofs, its objects; to be checked without the archive: node packages/verifier/src/main.ts case FILE.
Exit codes: 0 done, 3 something does not fit (verify names it; a witness refuses), 4 retire left months that stand in
the way, 1 it could not be done.`,
  options: {
    rotate: { type: 'boolean' },
    replace: { type: 'boolean' },
    reason: { type: 'string' },
    'new-key': { type: 'string' },
    to: { type: 'string' },
    since: MANY,
    key: MANY,
    name: { type: 'string' },
    at: MANY,
    trust: { type: 'string' },
    state: { type: 'string' },
    'dry-run': { type: 'boolean' },
    'ignore-receiver': MANY,
    packs: { type: 'boolean' },
    checkpoint: MANY,
    witness: MANY,
    study: { type: 'string' },
    from: { type: 'string' },
    'to-file': { type: 'string' },
    institution: { type: 'string' },
    'with-objects': { type: 'boolean' },
  },
  positionals: [1, 2],
  run: runAudit,
};

export type OpenedAudit = { args: CommandArgs; context: CommandContext; index: OpenIndex; sealing: Sealing; op: Op };

const OFFLINE = { witness: auditWitness, verify: auditVerify } as const;
const OVER_ARCHIVE: Readonly<Record<string, (opened: OpenedAudit) => Promise<unknown>>> = {
  key: tellKey,
  checkpoint: writeCheckpoint,
  adopt: adoptFile,
  bundle: writeBundle,
  case: writeCase,
  retire: retireMonths,
  witness: witnessOthers,
};

async function runAudit(args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const [verb = '', ...rest] = args.positionals;
  const given = { ...args, positionals: rest };
  const isOffline = verb === 'verify' || (verb === 'witness' && textsOption(args, 'at').length === 0);
  if (isOffline) return OFFLINE[verb](given, context);
  const run = Object.hasOwn(OVER_ARCHIVE, verb) ? OVER_ARCHIVE[verb] : undefined;
  if (run === undefined) throw new Failure('request/invalid', `usage: acervo audit ${auditCommand.usage}`);
  const { config, log, signal } = context;
  const index = await openIndex(config, { role: 'audit', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const { database: db, journalBlobs, node } = index;
    const sealing = openSealing({ config, db, journalBlobs, node, log });
    const op = loadAccess(config, log).ofCommand('audit').openOp(signal);
    const code = await run({ args: given, context, index, sealing, op }).finally(() => sealing.close());
    return typeof code === 'number' ? (code as ExitCode) : EXIT.done;
  } finally {
    await index.close();
  }
}

async function tellKey(opened: OpenedAudit): Promise<void> {
  const { args, context, index, sealing } = opened;
  if (isGiven(args, 'rotate') || isGiven(args, 'replace')) await changeKey(opened);
  const told = await publicKey(index.database, sealing.keys, index.node);
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: told.key };
  const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'spki' }).toString();
  context.print(`archive ${told.archive}\nkey ${told.key}\n${pem.trim()}`, { ...told, pem });
}

/** The event first: should this end between, the next key lies beside the present one, and both are tried. */
async function changeKey({ args, context, index, sealing, op }: OpenedAudit): Promise<void> {
  const { journalKeyFile } = context.config;
  const file = textOption(args, 'new-key');
  if (journalKeyFile !== undefined && file === undefined) {
    throw new Failure(
      'request/invalid',
      'ACERVO_JOURNAL_KEY_FILE is set: give --new-key FILE, and set it to that then',
    );
  }
  if (journalKeyFile === undefined && file !== undefined) {
    throw new Failure('request/invalid', '--new-key is for where ACERVO_JOURNAL_KEY_FILE is set');
  }
  const ports = { db: index.database, keys: sealing.keys };
  if (isGiven(args, 'replace')) {
    const reason = textOption(args, 'reason')?.trim() ?? '';
    if (reason === '') throw new Failure('request/invalid', 'say why: --reason TEXT');
    const next = file === undefined ? sealing.keys.signers()[0] : keptSigner(resolve(file)).signer;
    await replaceKey(ports, op, next, reason);
    return sealing.sealer.sealAll().then(() => undefined);
  }
  await sealing.checkpoint();
  if (file === undefined) await endEarlierChange(index, sealing);
  const next: Signer = file === undefined ? sealing.keys.stage() : keptSigner(resolve(file)).signer;
  await rotateKey(ports, op, next);
  if (file !== undefined) return sealing.sealer.sealAll().then(() => undefined);
  await sealing.checkpoint();
  sealing.keys.promote();
}

/** A change that ended between its event and its file. */
async function endEarlierChange(index: OpenIndex, { keys }: Sealing): Promise<void> {
  const { key } = await publicKey(index.database, keys, index.node);
  if (keys.signers()[1]?.key === key) keys.promote();
}

async function writeCheckpoint({ args, context, index, sealing, op }: OpenedAudit): Promise<void> {
  await sealing.checkpoint();
  const file = await exportCheckpoint(index.database, op, textsOption(args, 'since').map(numberOf));
  const to = textOption(args, 'to');
  if (to !== undefined) await putFile(to, checkpointFileText(file));
  const { number, size, root } = file.checkpoint;
  context.print(`checkpoint ${number}: ${size} events, root ${root}${to === undefined ? '' : `, in ${to}`}`, file);
}

async function adoptFile({ args, context, index, op }: OpenedAudit): Promise<void> {
  const file = await readFileOfCheckpoint(args.positionals[0]);
  const adopted = await adopt(index.database, op, file);
  const { number, size } = file.checkpoint;
  const text = adopted.length === 0 ? 'nothing new' : `witnessed by ${adopted.join(', ')}`;
  context.print(`checkpoint ${number} of ${size} events: ${text}`, { number, size, adopted });
}

async function writeBundle({ args, context, index, sealing, op }: OpenedAudit): Promise<void> {
  const to = textOption(args, 'to-file');
  if (to === undefined) throw new Failure('request/invalid', 'give --to-file FILE');
  await sealing.checkpoint();
  const bundle = await makeBundle(
    { db: index.database, keys: sealing.keys, journalBlobs: index.journalBlobs },
    op,
    subjectOf(args),
  );
  await putFile(to, `${JSON.stringify(bundle)}\n`);
  const { lines, checkpoint } = bundle;
  const text = `${lines.length} events under checkpoint ${checkpoint.number} of ${checkpoint.size}, in ${to}`;
  context.print(text, { events: lines.length, checkpoint: checkpoint.number, size: checkpoint.size });
}

function subjectOf(args: CommandArgs): BundleSubject {
  const [study, from, to] = ['study', 'from', 'to'].map((name) => textOption(args, name));
  if (study !== undefined && from === undefined && to === undefined) return { study };
  if (study === undefined && from !== undefined && to !== undefined) return { from: numberOf(from), to: numberOf(to) };
  throw new Failure('request/invalid', 'give --study UID, or --from NUMBER and --to NUMBER');
}
