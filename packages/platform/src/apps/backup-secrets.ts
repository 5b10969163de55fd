import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { z } from 'zod';
import {
  identityOf,
  type Opener,
  openSecrets,
  type Recipient,
  recipientOf,
  SECRETS,
  sealSecrets,
} from '../features/backup/sealed-secrets.ts';
import { type CarriedSiteKeys, putSiteKeys, takeSiteKeys } from '../features/inference/site-key.repo.ts';
import { type CarriedLogins, putLogins, takeLogins } from '../features/login/carried.repo.ts';
import { envelopeOf } from '../journal/event.ts';
import { insertEvents } from '../journal/journal.repo.ts';
import type { Op } from '../ports/op.ts';
import type { Db } from '../ports/sql.ts';
import type { TargetFolder } from '../ports/target-folder.ts';
import { type CommandArgs, textOption } from './command.ts';
import type { Config } from './config.ts';
import { readPrivateFile } from './private-file.ts';

const FOLDER = 'keys';
/** What the archive itself makes there; keys that settings bring are kept where the settings are. */
const KEY_FILE = /^(?:journal|journal\.next)\.key$|^login\.json$/;
const BYTES_MAX = 500 * 10 ** 6;

const SECRETS_TEXT = z.strictObject({
  v: z.literal(1),
  keys: z.record(z.string().regex(KEY_FILE), z.string().max(65_536)),
  logins: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
  /** 32 bytes each. */
  siteKeys: z.record(z.string().min(1).max(64), z.string().regex(/^[A-Za-z0-9+/]{43}=$/)).default({}),
});
export type OpenedSecrets = {
  keys: Readonly<Record<string, string>>;
  logins: CarriedLogins;
  siteKeys: CarriedSiteKeys;
};

/** For whom a backup's secrets are sealed; undefined where the command does not say. @throws {Failure} */
export function recipientIn(args: CommandArgs): Recipient | undefined {
  const [passphrase, recipient] = [textOption(args, 'passphrase-file'), textOption(args, 'recipient')];
  if (passphrase !== undefined && recipient !== undefined) {
    throw new Failure('request/invalid', 'give one of --passphrase-file and --recipient');
  }
  if (passphrase !== undefined) return { passphrase: passphraseAt(passphrase) };
  return recipient === undefined ? undefined : { publicKey: recipientOf(textAt(recipient, '--recipient')) };
}

/** By what they are opened. @throws {Failure} */
export function openerIn(args: CommandArgs): Opener | undefined {
  const [passphrase, identity] = [textOption(args, 'passphrase-file'), textOption(args, 'identity')];
  if (passphrase !== undefined && identity !== undefined) {
    throw new Failure('request/invalid', 'give one of --passphrase-file and --identity');
  }
  if (passphrase !== undefined) return { passphrase: passphraseAt(passphrase) };
  return identity === undefined ? undefined : { privateKey: identityOf(readPrivateFile(identity, '--identity')) };
}

const passphraseAt = (path: string): string => readPrivateFile(path, '--passphrase-file').replace(/\r?\n$/, '');

function textAt(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Failure('request/invalid', `${option}: cannot read ${path}`, { cause });
  }
}

/** Keys of the data directory, what people log in by, and the secrets of sites' shares, sealed; as of now. */
export async function sealedSecrets(
  { dataDir }: Config,
  { db, node }: { db: Db; node: string },
  to: Recipient,
): Promise<Buffer> {
  const folder = join(dataDir, FOLDER);
  // Where settings bring all keys there is no such folder.
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => KEY_FILE.test(name)) : [];
  const keys = Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const at = new Date().toISOString();
  const text = JSON.stringify({ v: 1, keys, logins: await takeLogins(db), siteKeys: await takeSiteKeys(db) });
  return sealSecrets(Buffer.from(text), { node, at }, to);
}

/**
 * What a backup has of them, before anything of it is restored.
 * @throws {Failure} request/invalid where it has some and the command does not say how to open them
 */
export async function openedSecrets(
  backup: TargetFolder,
  by: Opener | undefined,
  isUnwanted: boolean,
): Promise<OpenedSecrets | undefined> {
  const size = await backup.sizeOf(SECRETS);
  if (isUnwanted || (size === undefined && by === undefined)) return undefined;
  if (size === undefined) throw new Failure('request/invalid', `there is no ${SECRETS}: the backup has no logins`);
  if (by === undefined) {
    throw new Failure('request/invalid', 'give --passphrase-file or --identity, or --without-secrets: nobody logs in');
  }
  if (size > BYTES_MAX) throw new Failure('request/invalid', `${SECRETS} is longer than any of ours`);
  const plain = await openSecrets(Buffer.concat(await Array.fromAsync(backup.read(SECRETS))), by);
  const read = SECRETS_TEXT.safeParse(JSON.parse(plain.toString()));
  if (!read.success) throw new Failure('request/invalid', `${SECRETS} is of another version`);
  const { keys, logins, siteKeys } = read.data;
  return { keys, logins, siteKeys };
}

/** @throws {Failure} config/invalid: a key is never overwritten, since what it sealed would be lost */
export function refuseOtherKeys({ dataDir }: Config, { keys }: OpenedSecrets): void {
  for (const [name, text] of Object.entries(keys)) {
    const path = join(dataDir, FOLDER, name);
    const there = textIfThere(path);
    if (there !== undefined && there !== text) {
      throw new Failure('config/invalid', `${path} is another key than the backup's: move it away first`);
    }
  }
}

/** Keys first, each whole and its owner's alone: what is opened after must find them. */
export function putKeys({ dataDir }: Config, { keys }: OpenedSecrets): void {
  const folder = join(dataDir, FOLDER);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(keys)) {
    const path = join(folder, name);
    if (textIfThere(path) === undefined) writeFileSync(path, text, { mode: 0o600, flag: 'wx', flush: true });
  }
}

/** What the database had. @returns how many people can log in again */
export function putBackLogins(db: Db, op: Op, { logins, keys, siteKeys }: OpenedSecrets): Promise<number> {
  return db.transaction(async (sql) => {
    const people = await putLogins(sql, logins);
    const facts = { people, keys: Object.keys(keys).length, siteKeys: await putSiteKeys(sql, siteKeys) };
    await insertEvents(sql, [envelopeOf(op, 'login.restored', { institution: '' }, facts)]);
    return people;
  });
}

function textIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
