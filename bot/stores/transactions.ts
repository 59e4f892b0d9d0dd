import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';

/**
 * Drizzle over a pool, with transactions that never give back a connection whose state nobody knows. Drizzle's own (0.45.4,
 * node-postgres/session.js) do when an answer does not come in time: whatever is asked on that connection next becomes part of the
 * old transaction, acknowledged and then gone with it. And where even `begin` is not answered, they give back none at all, until
 * the pool is empty for good.
 *
 * A transaction that PostgreSQL undid because it and another waited for each other runs again, so `work` does nothing that cannot be
 * done twice. Rows are locked in one order (ledger/locks.ts), but one that is not there yet cannot be locked.
 */
export function drizzleOver<Schema extends Record<string, unknown>>(
  pool: pg.Pool,
  schema: Schema,
): NodePgDatabase<Schema> {
  const db: NodePgDatabase<Schema> = drizzle(pool, { schema });
  // Making one takes a while, and connections stay.
  const known = new WeakMap<pg.PoolClient, NodePgDatabase<Schema>>();
  const on = (client: pg.PoolClient) => {
    const over: NodePgDatabase<Schema> = known.get(client) ?? drizzle(client, { schema });
    known.set(client, over);
    return over;
  };
  const once: typeof db.transaction = async (work, config) => {
    const client = await pool.connect();
    let broken: Error | undefined;
    try {
      return await on(client).transaction(work, config);
    } catch (error) {
      if (!isAtRest(client, error)) broken = new Error('nobody knows what it is doing', { cause: error });
      throw error;
    } finally {
      // One given back with an error is closed, and with it whatever it was in the middle of is undone.
      client.release(broken);
    }
  };
  db.transaction = async (work, config) => {
    for (let tries = 1; ; tries++) {
      try {
        return await once(work, config);
      } catch (error) {
        if (tries === MOST_TRIES || !isDeadlock(error)) throw error;
      }
    }
  };
  return db;
}

const MOST_TRIES = 5;

function isDeadlock(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error;
  return cause instanceof pg.DatabaseError && cause.code === '40P01';
}

/** Whether the server answered everything it was asked after `error`, and is in no transaction any more. */
function isAtRest(client: pg.PoolClient, error: unknown): boolean {
  const isUnanswered = error instanceof DrizzleQueryError && !(error.cause instanceof pg.DatabaseError);
  return !isUnanswered && client.getTransactionStatus() === 'I';
}
