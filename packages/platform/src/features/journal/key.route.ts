import type { KnownWitness } from '@acervo/kernel/journal/checkpoint-file.ts';
import type { Route } from '../../bindings/http.ts';
import type { JournalKeys } from '../../ports/journal-keys.ts';
import type { Db } from '../../ports/sql.ts';
import { publicKey } from './change-key.ts';

export type JournalPorts = {
  db: Db;
  journalKeys: JournalKeys;
  /** The data directory's name. */
  node: string;
  /** Whose signatures over HTTP count. */
  witnesses: readonly KnownWitness[];
};

/** Anybody may know by which key the journal is signed. */
export const keyRoute = ({ db, journalKeys, node }: JournalPorts): Route => ({
  method: 'GET',
  path: '/api/journal/key',
  summary: 'The public key that signs the journal (Ed25519, base64url), and how it came to be the present one',
  isPublic: true,
  produces: ['application/json'],
  handle: async () => ({
    status: 200,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: JSON.stringify(await publicKey(db, journalKeys, node)),
  }),
});
