import { Failure } from '@acervo/kernel/failure.ts';
import { isInstitution } from '@acervo/kernel/id.ts';
import type { Op } from '../../ports/op.ts';
import type { Db, Sql } from '../../ports/sql.ts';
import { type ClientRow, findClient, insertClient, listClients, removeClientRow } from './clients.repo.ts';
import { digestOf, newSecret } from './cookie.ts';

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const CLIENTS_MAX = 10_000;
/** A client that is removed is refused after this long, whatever its token says. */
const REMEMBER_MS = 2000;
const REMEMBERED_MAX = 1000;

export type ClientDescription = {
  id: string;
  institution: string;
  /** Of a system the AE title by which the registry says what it may; '' of an app. */
  system: string;
  /** Of an app of people: it has no secret, and comes back to one of these. */
  redirectUris: readonly string[];
};

/**
 * A system that gets tokens by client credentials, or an app of people.
 * @returns its secret, which is kept nowhere; undefined for an app
 */
export async function addClient(db: Db, op: Op, described: ClientDescription): Promise<string | undefined> {
  op.allow('administer', op.institution);
  const { id, institution, system, redirectUris } = described;
  if (!NAME.test(id)) throw new Failure('request/invalid', 'a client is named by 1 to 64 of A-Z a-z 0-9 . _ -');
  if (!isInstitution(institution)) throw new Failure('request/invalid', `${institution} is no institution code`);
  for (const uri of redirectUris) refuseRedirect(uri);
  const isNative = redirectUris.length > 0;
  if (!isNative && system === '') throw new Failure('request/invalid', 'a system is one of the registry: name it');
  const secret = isNative ? undefined : newSecret();
  const row: ClientRow = {
    id,
    kind: isNative ? 'native' : 'system',
    secret: secret === undefined ? null : digestOf(secret),
    institution,
    system,
    redirectUris: [...redirectUris],
  };
  if (!(await insertClient(db, row))) throw new Failure('request/invalid', `${id} is, or was, the name of a client`);
  return secret;
}

export async function removeClient(db: Db, op: Op, id: string): Promise<void> {
  op.allow('administer', op.institution);
  if (!(await removeClientRow(db, id))) throw new Failure('request/not-found', `${id} is no client`);
}

export const allClients = (db: Db): Promise<ClientRow[]> => listClients(db, CLIENTS_MAX);

/** RFC 8252 7: an app's own scheme, named by a domain that is its maker's, or loopback. */
function refuseRedirect(uri: string): void {
  const { protocol = '', hostname = '' } = URL.canParse(uri) ? new URL(uri) : {};
  const isLoopback = protocol === 'http:' && (hostname === '127.0.0.1' || hostname === '[::1]');
  const isOwnScheme = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/.test(protocol);
  if (!isLoopback && !isOwnScheme) {
    throw new Failure('request/invalid', `${uri}: an app comes back to mx.example.app:/path or http://127.0.0.1/path`);
  }
}

/** Clients as requests need them: asked for anew after a moment. */
export class KnownClients {
  readonly #sql: Sql;
  readonly #known = new Map<string, { at: number; client: Promise<ClientRow | undefined> }>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  find(id: string): Promise<ClientRow | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined && Date.now() - known.at < REMEMBER_MS) return known.client;
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    const client = findClient(this.#sql, id);
    this.#known.set(id, { at: Date.now(), client });
    client.catch(() => this.#known.delete(id));
    return client;
  }
}
