import { Failure } from '@acervo/kernel/failure.ts';

/** What `pg` throws; `code` is a SQLSTATE or an errno name. */
type DatabaseError = { code?: string; message?: string; table?: string; constraint?: string; routine?: string };

const LOST_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '57P05', // idle_session_timeout
  '25P03', // idle_in_transaction_session_timeout
  '25006', // read_only_sql_transaction: the primary has become a standby
  '53300', // too_many_connections
]);
const CONNECTION_EXCEPTION_CLASS = '08';
const LOST_MESSAGES = /connection terminated|timeout exceeded when trying to connect|not queryable|connection timeout/i;
const QUERY_CANCELED = '57014';
const DISK_FULL = '53100';
/** Syntax, names and rights: the message speaks of our statement, never of a value. */
const STATEMENT_CLASS = '42';

/**
 * What a caller may see of a database error: its kind, without the values that PostgreSQL quotes in messages
 * and details, which may be a patient's. The error itself is the `cause`.
 */
export function databaseFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const { code = '', message = '', table, constraint, routine } = thrown as DatabaseError;
  const options = { cause: thrown };
  if (isLost(code, message)) return new Failure('database/unavailable', code || message, options);
  if (code === QUERY_CANCELED) return new Failure('query/too-costly', 'statement exceeded its time', options);
  if (code === DISK_FULL) return new Failure('store/out-of-space', 'disk of the database is full', options);
  const words = [table, constraint, routine, code.startsWith(STATEMENT_CLASS) ? message : undefined];
  const about = words.filter((word) => word !== undefined).join(' ');
  return new Failure('internal', `database error ${code || 'without a code'} ${about}`.trim(), options);
}

/** The SQLSTATE behind a failure of the database, e.g. 23505 for a unique violation. */
export function sqlStateOf(thrown: unknown): string | undefined {
  const { cause } = thrown as { cause?: DatabaseError };
  return thrown instanceof Failure && typeof cause?.code === 'string' ? cause.code : undefined;
}

const isLost = (code: string, message: string): boolean =>
  LOST_CODES.has(code) || code.startsWith(CONNECTION_EXCEPTION_CLASS) || LOST_MESSAGES.test(message);
