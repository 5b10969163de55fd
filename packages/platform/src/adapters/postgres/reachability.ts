import pg from 'pg';

/** Startup refused because the server starts, recovers or stops; no connection; or it answers questions. */
export type Reachability = 'ready' | 'starting' | 'absent';

const CANNOT_CONNECT_NOW = '57P03';
const TOO_MANY_CONNECTIONS = '53300';
const CONNECT_MS_MAX = 2_000;

/** Tries one connection, with the reserved ones of the superuser, so that a full server still counts as ready. */
export async function reachability(address: pg.ClientConfig): Promise<Reachability> {
  const client = new pg.Client({
    ...address,
    user: 'postgres',
    database: 'postgres',
    connectionTimeoutMillis: CONNECT_MS_MAX,
  });
  client.on('error', () => {}); // Lost right after it was made: the next try will tell.
  try {
    await client.connect();
    return 'ready';
  } catch (thrown) {
    const code = (thrown as { code?: string }).code;
    if (code === TOO_MANY_CONNECTIONS) return 'ready';
    return code === CANNOT_CONNECT_NOW ? 'starting' : 'absent';
  } finally {
    await client.end().catch(() => {}); // Nothing to lose: no question was asked.
  }
}
