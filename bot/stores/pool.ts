import pg from 'pg';

/** Told of a connection that was lost while nobody used it; it is replaced by itself. */
export type OnLost = (error: NodeJS.ErrnoException) => void;

/**
 * A pool whose connections may be lost at any moment. While somebody has one, the pool does not listen for its errors
 * (pg-pool 3.14.0, index.js), and where nobody does, the loss between two statements ends the process: BullMQ's own start is such a
 * moment. The next statement on it says that it is gone.
 */
export function openPool(config: pg.PoolConfig, onLost: OnLost): pg.Pool {
  const pool = new pg.Pool(config);
  pool.on('error', onLost);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}
