import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '@acervo/kernel/failure.ts';
import { isKey } from '@acervo/kernel/journal/signature.ts';
import { z } from 'zod';
import { keptSigner } from '../adapters/fs/journal-keys.ts';
import { httpCaller } from '../adapters/net/http-caller.ts';
import type { TlsKeys } from '../adapters/net/tls-keys.ts';
import type { Witnessing } from '../features/journal/index.ts';
import { NOTHING_SEEN, readWitnessState, type WitnessState } from '../features/journal/witness.ts';
import type { WitnessAtPorts, WitnessedArchive } from '../features/journal/witness-at.ts';
import type { Log } from '../ports/log.ts';
import type { Archive } from './archive.ts';
import { putFile } from './commands/audit-files.ts';
import type { Config } from './config.ts';
import { readPrivateFile } from './private-file.ts';

const KNOWN = z.record(
  z.string(),
  z.strictObject({
    token: z.string().min(1).max(4096).optional(),
    client: z.strictObject({ id: z.string().min(1).max(64), secret: z.string().min(1).max(4096) }).optional(),
    trust: z.string().refine(isKey, 'a public key: 43 characters of base64url').optional(),
  }),
);

/** Whose journals this archive witnesses; undefined where there is none. @throws {Failure} config/invalid */
export function witnessingOf(
  config: Config,
  { database, metrics }: Pick<Archive, 'database' | 'metrics'>,
  keys: TlsKeys | undefined,
  log: Log,
): Witnessing | undefined {
  if (config.witnessOf.length === 0) return undefined;
  const archives = config.witnessOf.map((url) => witnessedArchive(config, url));
  const ports = witnessAtPorts(config, keys, { db: database, metrics, log });
  return { ports, archives, everyMs: config.witnessS * 1000 };
}

/** An archive, and how we are known there. @throws {Failure} config/invalid */
export function witnessedArchive({ witnessFile }: Config, url: string): WitnessedArchive {
  if (witnessFile === undefined) return { url };
  try {
    const known = KNOWN.parse(JSON.parse(readPrivateFile(witnessFile, 'ACERVO_WITNESS_FILE')));
    return { url, ...known[url] };
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    // What it says is secret.
    throw new Failure('config/invalid', 'ACERVO_WITNESS_FILE is not JSON of the form that docs/configuration.md tells');
  }
}

/** The key and what was seen lie beside each other, as those of `acervo audit witness FILE` do. */
export function witnessAtPorts(
  config: Config,
  keys: TlsKeys | undefined,
  rest: Pick<WitnessAtPorts, 'db' | 'metrics' | 'log'>,
): WitnessAtPorts {
  const keyFile = join(config.dataDir, 'keys/witness.key');
  const path = `${keyFile}.witnessed.json`;
  return {
    ...rest,
    call: httpCaller(config.tlsCaFile === undefined ? undefined : keys, config.outgoingTimeoutMs),
    signer: keptSigner(keyFile).signer,
    name: config.witnessName,
    state: {
      read: () => witnessStateIn(path),
      write: (state) => putFile(path, `${JSON.stringify(state, undefined, 1)}\n`),
    },
  };
}

/** @throws {Failure} request/invalid: to begin anew would forget what was seen */
export function witnessStateIn(path: string): WitnessState {
  if (!existsSync(path)) return NOTHING_SEEN;
  const state = readWitnessState(readFileSync(path, 'utf8'));
  if (state === undefined) throw new Failure('request/invalid', `${path} does not say what was witnessed`);
  return state;
}
