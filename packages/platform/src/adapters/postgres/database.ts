import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@acervo/kernel/failure.ts';
import pg from 'pg';
import type { Log } from '../../ports/log.ts';
import type { Db, Prepared, Sql, SqlValue, TransactionOptions } from '../../ports/sql.ts';
import { databaseFailure } from './database-failure.ts';
import { type EmbeddedOptions, type EmbeddedPostgres, embeddedPostgres } from './embedded.ts';
import { operatorAccess } from './operator.ts';
import { ROW_TYPES } from './row-types.ts';
import { keepApart } from './silent.ts';

export type DatabaseOptions = {
  /** Our own server, or an operator's by URL; `ownerUrl` for migrations, else `url` serves for both. */
  source: ({ kind: 'embedded' } & Omit<EmbeddedOptions, 'log'>) | { kind: 'operator'; url: string; ownerUrl?: string };
  /** What this process is, for the database's own lists: 'serve', 'import' ... */
  role: string;
  connectionsMax: number;
  /** A statement of the application that takes longer fails as query/too-costly. 0: no limit. */
  statementTimeoutMs: number;
  log: Log;
  /** Called for each connection that was lost. */
  onLost?: () => void;
};

/** The index database, as the application's role. */
export type Database = Db & {
  pool: pg.Pool;
  /** The role that migrations grant to. */
  appRole: string;
  /** One connection as the owner of the tables, without a limit of time: migrations and rebuilding. */
  asOwner<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * The few sessions that may read what is silent, closed with the others. Undefined where there is no such role, or
   * the application's role could read it, too.
   */
  openSilent(): Promise<Sql | undefined>;
  /**
   * What must be put right after a lost connection, since a server that crashed forgets what it committed with
   * synchronous_commit=off. Runs before any other question is asked over a new connection, with a database of
   * its own that does not wait for it; if it fails it runs again before the next one.
   */
  afterLoss(mend: (db: Db) => Promise<void>): void;
  /** @throws {Failure} request/cancelled when the signal comes first. */
  waitUntilReachable(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
};

/** How to connect in each capacity. */
export type Access = {
  app: pg.ClientConfig;
  owner: pg.ClientConfig;
  appRole: string;
  /** Undefined where its role can neither be made nor taken. */
  silent(): Promise<pg.ClientConfig | undefined>;
};

const CONNECT_MS_MAX = 10_000;
const WAIT_MS_MIN = 100;
const WAIT_MS_MAX = 2_000;

/**
 * Opens the index database, starting our own server where no other is configured.
 * @throws {Failure} config/invalid, database/unavailable
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { source, log } = options;
  const embedded = source.kind === 'embedded' ? embeddedPostgres({ ...source, log }) : undefined;
  const access = embedded ? await embeddedAccess(embedded) : await operatorAccess(operatorUrls(source), log);
  const pool = openPool(options, access);
  const recover = async (): Promise<void> => void (await embedded?.ensureRunning());
  const prepared = openPool({ ...options, connectionsMax: PREPARED_CONNECTIONS }, access, PREPARED_SESSION);
  const acquire: Acquire = (name) => connect(name === undefined ? pool : prepared, recover);
  const mending = new Mending(dbOver(acquire, () => mending.noteLoss()));
  let silent: pg.Pool | undefined;
  for (const each of [pool, prepared]) each.on('connect', (client) => client.on('error', () => mending.noteLoss()));
  const db = dbOver(
    (name) => acquireMended(acquire, name, mending),
    () => mending.noteLoss(),
  );
  return {
    ...db,
    pool,
    appRole: access.appRole,
    afterLoss: (mend) => mending.use(mend),
    asOwner: (work) => asOwner(access, options.role, work),
    openSilent: async () => {
      const app = silent === undefined ? await access.silent() : undefined;
      if (app !== undefined && (await asOwner(access, options.role, (sql) => keepApart(sql, access.appRole)))) {
        const role = `${options.role} silent`;
        silent = openPool({ ...options, role, connectionsMax: SILENT_CONNECTIONS }, { ...access, app });
      }
      const of = silent;
      if (of === undefined) return undefined;
      return dbOver(
        () => connect(of, recover),
        () => {},
      );
    },
    waitUntilReachable: (signal) => waitUntil(() => db.query('select 1'), signal),
    close: async () => {
      await Promise.all([pool.end(), prepared.end(), silent?.end()]);
      await embedded?.stop();
    },
  };
}

/** A connection from among those for prepared statements, or from the others. */
type Acquire = (prepared?: Prepared) => Promise<pg.PoolClient>;

/** A connection over which nothing that was lost can look absent. */
async function acquireMended(acquire: Acquire, name: Prepared | undefined, mending: Mending): Promise<pg.PoolClient> {
  for (;;) {
    await mending.done();
    const client = await acquire(name);
    if (!mending.isNeeded) return client;
    // Lost while we waited, so this is one to the server as it came back. Given back first: mending needs one itself.
    client.release();
  }
}

/** Questions over connections of a pool. */
function dbOver(acquire: Acquire, onLost: () => void): Db {
  return {
    query: async <Row extends object>(text: string, values?: readonly SqlValue[], prepared?: Prepared) => {
      const client = await acquire(prepared);
      return await withClient(client, onLost, () => ask<Row>(client, text, values, prepared));
    },
    transaction: async (work, options) => {
      const client = await acquire();
      return await withClient(client, onLost, () => inTransaction(client, work, options));
    },
  };
}

/** Runs what `afterLoss` was given, once for any number of lost connections, while everybody else waits. */
class Mending {
  readonly #db: Db;
  #mend: ((db: Db) => Promise<void>) | undefined;
  #isLost = false;
  #running: Promise<void> | undefined;

  constructor(db: Db) {
    this.#db = db;
  }

  use(mend: (db: Db) => Promise<void>): void {
    this.#mend = mend;
  }

  noteLoss(): void {
    this.#isLost = true;
  }

  /** Whoever comes while it runs waits, too. */
  get isNeeded(): boolean {
    return this.#mend !== undefined && (this.#isLost || this.#running !== undefined);
  }

  async done(): Promise<void> {
    while (this.isNeeded && this.#mend !== undefined) {
      this.#running ??= this.#run(this.#mend).finally(() => {
        this.#running = undefined;
      });
      await this.#running;
    }
  }

  async #run(mend: (db: Db) => Promise<void>): Promise<void> {
    this.#isLost = false;
    try {
      await mend(this.#db);
    } catch (cause) {
      this.#isLost = true;
      // Whatever keeps it from being put right, a full disk too: nobody can be given an answer now.
      throw new Failure('database/unavailable', `not put right: ${databaseFailure(cause).detail}`, { cause });
    }
  }
}

function operatorUrls(source: DatabaseOptions['source']): { url: string; ownerUrl?: string } {
  assert.ok(source.kind === 'operator');
  return source;
}

async function embeddedAccess(embedded: EmbeddedPostgres): Promise<Access> {
  const { address, appRole, ownerRole, silentRole } = await embedded.ensureRunning();
  const silent = () => Promise.resolve({ ...address, user: silentRole });
  return { app: { ...address, user: appRole }, owner: { ...address, user: ownerRole }, appRole, silent };
}

/** One task in each worker keeps one record; a look is seldom. */
const SILENT_CONNECTIONS = 2;

/** Who asks together shares a question, and one takes less than a millisecond. */
const PREPARED_CONNECTIONS = 6;

/**
 * Sessions of prepared statements. Said once for the session, an asynchronous commit needs no transaction block
 * around each statement: one exchange with the server in place of three. A plan is kept that was made while the tables
 * were still empty, when reading the whole of them looked cheapest: these statements follow indexes, whatever the size.
 */
const PREPARED_SESSION = `set synchronous_commit = off; set plan_cache_mode = force_generic_plan;
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off`;

function openPool(options: DatabaseOptions, access: Access, session?: string): pg.Pool {
  const pool = new pg.Pool({
    ...access.app,
    // Of a new connection, before it is used for the first time.
    ...(session !== undefined && { verify: (client, done) => client.query(session, (error) => done(error)) }),
    types: ROW_TYPES,
    max: options.connectionsMax,
    application_name: `acervo ${options.role}`,
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: options.statementTimeoutMs,
    keepAlive: true,
  });
  // Without a listener of its own, a client that is lost while in use would end the process.
  pool.on('connect', (client) => client.on('error', () => options.onLost?.()));
  pool.on('error', (thrown) =>
    options.log.warn('database.connection-lost', { reason: databaseFailure(thrown).detail }),
  );
  return pool;
}

/** A connection; one more try after our own server was made to run again: nothing has been sent yet. */
async function connect(pool: pg.Pool, recover: () => Promise<void>): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (thrown) {
    const failure = databaseFailure(thrown);
    if (failure.code !== 'database/unavailable') throw failure;
  }
  await recover();
  return await pool.connect().catch((thrown: unknown) => {
    throw databaseFailure(thrown);
  });
}

/** Gives the connection back, or away when it is lost. */
async function withClient<T>(client: pg.PoolClient, onLost: () => void, work: () => Promise<T>): Promise<T> {
  let isUsable = true;
  try {
    return await work();
  } catch (thrown) {
    isUsable = !(thrown instanceof Failure && thrown.code === 'database/unavailable');
    if (!isUsable) onLost();
    throw thrown;
  } finally {
    client.release(!isUsable);
  }
}

async function ask<Row extends object>(
  client: pg.ClientBase,
  text: string,
  values?: readonly SqlValue[],
  prepared?: Prepared,
): Promise<Row[]> {
  try {
    if (values !== undefined) return (await client.query<Row>({ ...prepared, text, values: [...values] })).rows;
    const answer: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await client.query<Row>(text);
    return Array.isArray(answer) ? [] : answer.rows; // Several statements: only migrations, which read no rows.
  } catch (thrown) {
    throw databaseFailure(thrown);
  }
}

async function inTransaction<T>(
  client: pg.ClientBase,
  work: (sql: Sql) => Promise<T>,
  { synchronousCommit = 'on' }: TransactionOptions = {},
): Promise<T> {
  let isOpen = true;
  const sql: Sql = {
    query: async (text, values, prepared) => {
      assert.ok(isOpen, 'a question after the end of its transaction');
      return await ask(client, text, values, prepared);
    },
  };
  await ask(client, `begin; set local synchronous_commit = ${synchronousCommit}`);
  try {
    const result = await work(sql);
    isOpen = false;
    const { command } = await client.query('commit').catch((thrown: unknown) => {
      throw databaseFailure(thrown);
    });
    // PostgreSQL answers ROLLBACK, without an error, when a statement had failed and `work` went on.
    assert.equal(command, 'COMMIT', 'a transaction went on after a failed statement');
    return result;
  } catch (thrown) {
    isOpen = false;
    await client.query('rollback').catch(() => {
      throw new Failure('database/unavailable', 'connection lost in a transaction', { cause: thrown });
    });
    throw thrown;
  }
}

async function asOwner<T>(access: Access, role: string, work: (sql: Sql) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...access.owner, types: ROW_TYPES, application_name: `acervo ${role} owner` });
  client.on('error', () => {}); // The question at hand fails and says so.
  try {
    await client.connect().catch((thrown: unknown) => {
      throw databaseFailure(thrown);
    });
    return await work({ query: (text, values) => ask(client, text, values) });
  } finally {
    await client.end().catch(() => {}); // Lost already.
  }
}

async function waitUntil(ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
  for (let waitMs = WAIT_MS_MIN; !signal.aborted; waitMs = Math.min(waitMs * 2, WAIT_MS_MAX)) {
    try {
      await ask();
      return;
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.code === 'database/unavailable')) throw thrown;
    }
    await pause(waitMs, undefined, { signal }).catch(() => {}); // Aborted: the loop ends.
  }
  throw new Failure('request/cancelled', 'stopped waiting for the database');
}
