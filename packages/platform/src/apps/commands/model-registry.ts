import { openAsBlob } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { packageFolder } from '../../adapters/fs/package-folder.ts';
import { PACKAGE_LIMITS } from '../../features/models/intake.ts';
import { addExternal, retireExternal } from '../../features/models/registry/external.ts';
import { inventory, inventoryCsv } from '../../features/models/registry/inventory.ts';
import { packagesFor } from '../../features/models/registry/open.ts';
import { NATIONAL } from '../../features/models/registry/owner.ts';
import { PackageFiles } from '../../features/models/registry/package-files.ts';
import { listModels, seenPackages } from '../../features/models/registry/show.ts';
import { listSigners, revokeSigner, trustSigner } from '../../features/models/registry/signers.ts';
import { type Submitted, submitPackage } from '../../features/models/registry/submit.ts';
import type { StagedPackage } from '../../ports/models.ts';
import type { Op } from '../../ports/op.ts';
import type { Db } from '../../ports/sql.ts';
import { loadAccess } from '../access.ts';
import { type CommandArgs, type CommandContext, EXIT, type ExitCode, isGiven, textOption } from '../command.ts';
import { modelPortsOf } from '../model-ports.ts';
import { openIndex } from '../open-index.ts';
import { momentOf, required } from './sharing-desk.ts';

const CONNECTIONS_MAX = 3;

/** What the verbs that need the registry take beside the others of `acervo model`. */
export const REGISTRY_OPTIONS = {
  owner: { type: 'string' },
  national: { type: 'boolean' },
  to: { type: 'string' },
  authorization: { type: 'string' },
  holder: { type: 'string' },
  'valid-from': { type: 'string' },
  'valid-until': { type: 'string' },
  for: { type: 'string' },
  csv: { type: 'string' },
} as const;

type Desk = {
  db: Db;
  files: PackageFiles;
  op: Op;
  args: CommandArgs;
  words: readonly string[];
  context: CommandContext;
};
type Verb = { words: readonly [number, number]; run(desk: Desk): Promise<ExitCode> };

const VERBS: Readonly<Record<string, Verb>> = {
  submit: { words: [1, 1], run: submit },
  list: { words: [0, 0], run: list },
  verify: { words: [0, 1], run: verify },
  inventory: { words: [0, 0], run: showInventory },
  'signer add': { words: [1, 1], run: addSigner },
  'signer list': { words: [0, 0], run: showSigners },
  'signer revoke': { words: [1, 1], run: revoke },
  'external add': { words: [1, 1], run: describeExternal },
  'external retire': { words: [1, 1], run: retire },
};

/**
 * A verb of the registry.
 * @returns undefined where the words name none
 */
export async function runRegistry(args: CommandArgs, context: CommandContext): Promise<ExitCode | undefined> {
  const [first = '', second = ''] = args.positionals;
  const name = [`${first} ${second}`, first].find((each) => Object.hasOwn(VERBS, each));
  const verb = name === undefined ? undefined : VERBS[name];
  if (name === undefined || verb === undefined) return undefined;
  const words = args.positionals.slice(name.split(' ').length);
  if (words.length < verb.words[0] || words.length > verb.words[1]) return undefined;
  const to = textOption(args, 'to');
  if (name === 'submit' && to !== undefined) return submitTo(to, words[0] ?? '', args, context);
  const { config, log, signal } = context;
  const index = await openIndex(config, { role: 'model', connectionsMax: CONNECTIONS_MAX, log });
  try {
    const op = loadAccess(config, log).ofCommand('model').openOp(signal);
    const files = new PackageFiles(index.modelBlobs);
    return await verb.run({ db: index.database, files, op, args, words, context });
  } finally {
    await index.close();
  }
}

const ownerOf = (args: CommandArgs, name: string, op: Op): string =>
  isGiven(args, 'national') ? NATIONAL : (textOption(args, name) ?? op.institution);

async function submit({ db, files, op, args, words: [folder = ''], context }: Desk): Promise<ExitCode> {
  const { staging, judge } = modelPortsOf(context.config);
  const fill = (to: StagedPackage): Promise<void> => copied(folder, to);
  return tell(await submitPackage({ db, files, staging, judge }, op, ownerOf(args, 'owner', op), fill), context);
}

/** A folder as a submission. Links are named as such: nothing that they lead to is read. */
export async function copied(folder: string, to: StagedPackage): Promise<void> {
  const source = packageFolder(folder);
  const entries = await source.list(PACKAGE_LIMITS.files);
  for (const { path, kind } of entries) {
    if (kind !== 'file') throw new Failure('model/path', `${path} is no regular file`);
    await to.put(path, source.pieces(path, PACKAGE_LIMITS.fileBytes));
  }
}

/** To an archive that runs elsewhere, over its API. */
async function submitTo(to: string, folder: string, args: CommandArgs, context: CommandContext): Promise<ExitCode> {
  const form = new FormData();
  for (const { path, kind } of await packageFolder(folder).list(PACKAGE_LIMITS.files)) {
    if (kind !== 'file') throw new Failure('model/path', `${path} is no regular file`);
    form.append('file', await openAsBlob(join(folder, path)), path);
  }
  const owner = isGiven(args, 'national') ? NATIONAL : textOption(args, 'owner');
  const url = new URL('/api/models', to);
  if (owner !== undefined) url.searchParams.set('owner', owner);
  const path = textOption(args, 'authorization');
  const token = path && (await textIn(path)).trim();
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(url, { method: 'POST', body: form, headers, signal: context.signal });
  const answer = (await response.json()) as Submitted & { findings?: []; title?: string };
  if (response.ok) return tell(answer, context);
  if (answer.findings === undefined) throw new Failure('request/invalid', `${response.status} ${answer.title ?? ''}`);
  return tell({ status: 'refused', digest: answer.digest, findings: answer.findings }, context);
}

function tell(outcome: Submitted, { print }: CommandContext): ExitCode {
  if (outcome.status === 'refused') {
    for (const finding of outcome.findings) print(`${finding.code} ${finding.where}: ${finding.what}`, { finding });
    print(`refused: ${outcome.findings.length} findings, nothing was kept`, outcome);
    return EXIT.damaged;
  }
  const { status, model, version, digest, warnings } = outcome;
  print(`${status} ${model}@${version} ${digest}`, outcome);
  for (const warning of warnings) print(`warning ${warning}`, { warning });
  return EXIT.done;
}

async function list({ db, op, context: { print } }: Desk): Promise<ExitCode> {
  const models = await listModels(db, op);
  if (models.length === 0) print('Nothing.');
  for (const { versions } of models) {
    for (const of of versions) {
      const { digest, model, version, owner, receivedAt, warnings } = of;
      print(`${model}@${version} ${owner} ${receivedAt} ${digest} ${warnings.length} warnings`, of);
    }
  }
  return EXIT.done;
}

/** Every byte and signature of one package, or of all. */
async function verify({ db, files, op, words: [digest], context: { print } }: Desk): Promise<ExitCode> {
  const wanted = digest === undefined ? (await seenPackages(db, op)).map((row) => row.digest) : [digest];
  const packages = packagesFor({ db, files }, op);
  let damaged = 0;
  for (const each of wanted) {
    try {
      const { manifest } = await packages.open(each);
      print(`sound ${manifest.id}@${manifest.version} ${each}`, { digest: each, isSound: true });
    } catch (thrown) {
      if (!(thrown instanceof Failure) || !thrown.code.startsWith('model/')) throw thrown;
      damaged += 1;
      print(`${thrown.code} ${each}: ${thrown.detail}`, { digest: each, isSound: false, code: thrown.code });
    }
  }
  return damaged === 0 ? EXIT.done : EXIT.damaged;
}

async function showInventory({ db, op, args, context: { print } }: Desk): Promise<ExitCode> {
  const entries = await inventory(db, op);
  const path = textOption(args, 'csv');
  if (path !== undefined) {
    await writeFile(path, inventoryCsv(entries));
    print(`${entries.length} entries in ${path}`, { entries: entries.length, path });
    return EXIT.done;
  }
  for (const entry of entries) {
    const { kind, id, name, version, owner, status, warnings } = entry;
    print(`${kind} ${name} ${version} ${owner} ${status} ${id} ${warnings.join(' ')}`, entry);
  }
  return EXIT.done;
}

async function addSigner({ db, op, args, words: [path = ''], context: { print } }: Desk): Promise<ExitCode> {
  const [from, until] = [textOption(args, 'valid-from'), textOption(args, 'valid-until')];
  const signer = await trustSigner(db, op, {
    publicKey: await textIn(path),
    institution: ownerOf(args, 'owner', op),
    holder: required(args, 'holder'),
    ...(from !== undefined && { validFrom: momentOf(from) }),
    ...(until !== undefined && { validUntil: momentOf(until) }),
  });
  print(`trusted ${signer.keyId} for ${signer.institution}`, signer);
  return EXIT.done;
}

async function showSigners({ db, op, context: { print } }: Desk): Promise<ExitCode> {
  for (const signer of await listSigners(db, op)) {
    const { keyId, institution, holder, validFrom, validUntil, revokedFor } = signer;
    print(`${keyId} ${institution} ${validFrom} ${validUntil ?? '-'} ${revokedFor ?? 'trusted'} ${holder}`, signer);
  }
  return EXIT.done;
}

async function revoke({ db, op, args, words: [keyId = ''], context: { print } }: Desk): Promise<ExitCode> {
  const signer = await revokeSigner(db, op, keyId, { reason: required(args, 'for') });
  print(`revoked ${keyId} for ${signer.revokedFor}`, signer);
  return EXIT.done;
}

async function describeExternal({ db, op, words: [path = ''], context: { print } }: Desk): Promise<ExitCode> {
  const row = await addExternal(db, op, jsonOf(await textIn(path), path));
  print(`added ${row.id}`, row);
  return EXIT.done;
}

async function retire({ db, op, words: [id = ''], context: { print } }: Desk): Promise<ExitCode> {
  print(`retired ${id}`, await retireExternal(db, op, id));
  return EXIT.done;
}

async function textIn(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Failure('request/invalid', `cannot read ${path}`, { cause });
  });
}

function jsonOf(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('request/invalid', `${path} is no JSON`, { cause });
  }
}
