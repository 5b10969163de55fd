/** One value of a row or a parameter, as `pg` sends it. Times are text, int8 is a number (safe or refused). */
export type SqlValue = string | number | bigint | boolean | null | Uint8Array | readonly SqlValue[] | object;

/** An expression of SQL: what a column of timestamptz says, in UTC and to the millisecond (RFC 3339). */
export const rfc3339 = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Asks the database one question. Rows are trusted to have the type that the statement names. */
export type Sql = {
  /**
   * @param text one statement, parameters as $1, $2 ...
   * @throws {Failure} database/unavailable when the connection cannot be had or is lost; query/too-costly when
   *   the statement exceeded its time; store/out-of-space when the disk of the database is full.
   */
  query<Row extends object>(text: string, values?: readonly SqlValue[], prepared?: Prepared): Promise<Row[]>;
};

/**
 * The name of a statement that connections keep parsed and planned once for any values: nested loops over indexes,
 * whatever the tables hold. For the few that are asked for every group of objects or every retrieved one. Outside of
 * a transaction its commit is asynchronous (see TransactionOptions): it reads, or writes only what start-up replays
 * from the packs.
 */
export type Prepared = { name: string };

export type TransactionOptions = {
  /**
   * 'off' answers before the commit record is on the disk: a crash can lose the transaction, never half of
   * it. Right only for what start-up replays from the packs; everything else commits with 'on'.
   */
  synchronousCommit?: 'on' | 'off';
};

/** A pool of connections: each query on any of them, a transaction on one. */
export type Db = Sql & {
  /**
   * Runs `work` between BEGIN and COMMIT; any throw rolls back and passes on. A connection lost during COMMIT
   * leaves the outcome unknown, and fails.
   * @throws {Failure} as `query` does
   */
  transaction<T>(work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>;
};
