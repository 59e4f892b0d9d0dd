import { setTimeout as sleep } from 'node:timers/promises';
import { type PgPool, type PgQueryResult, runMigrations } from 'bullmq';
import pg from 'pg';
import { type OnLost, openPool } from './pool.js';
import type { ChannelListener, Sql } from './sql.js';

export interface ServerSqlOptions {
  /** Of every connection; the address and the time limits among them. */
  readonly connection: pg.PoolConfig;
  /** A connection is gone; it is replaced by itself. */
  readonly onLost: OnLost;
}

/** For what webhooks and turns ask. */
const CONNECTIONS = 10;
/** BullMQ keeps one for each queue a process works on, to be woken by, and shares the rest. */
const QUEUE_CONNECTIONS = 24;
/** BullMQ's default; it cannot be told another one together with a pool. */
const QUEUE_SCHEMA = 'bullmq';

/** A queue whose first question got no answer is dead for good (BullMQ 6, `PostgresConnection.waitUntilReady`). */
const QUEUE_ANSWER_WITHIN_MS = 10_000;

const RETRY_MS = 250;
/** How soon a connection is found dead that says nothing. */
const ALIVE_EVERY_MS = 10_000;

/** A server's connections beside the ledger's: at most ten, those of BullMQ, and one that listens. */
export function createServerSql({ connection, onLost }: ServerSqlOptions): Sql {
  const pools: pg.Pool[] = [];
  const open = (config: pg.PoolConfig): pg.Pool => {
    const pool = openPool({ ...connection, ...config }, onLost);
    pools.push(pool);
    return pool;
  };
  let pool: pg.Pool | undefined;
  let queues: Promise<PgPool> | undefined;
  const listener = createListener(connection, onLost);
  return {
    async query<Row>(text: string, params: readonly unknown[] = []) {
      pool ??= open({ max: CONNECTIONS });
      const { rows } = await pool.query(text, [...params]);
      return rows as Row[];
    },
    listen: (channel, one) => listener.listen(channel, one),
    queuePool() {
      queues ??= migrateQueues(connection).then(() => {
        const options = `-c search_path=${QUEUE_SCHEMA}`;
        const shared = patient(open({ max: QUEUE_CONNECTIONS, options, query_timeout: QUEUE_ANSWER_WITHIN_MS }));
        // Each queue and each worker of the process listens for its errors.
        shared.setMaxListeners(0);
        // It is what BullMQ asks for, though with stricter types.
        return shared as unknown as PgPool;
      });
      return queues;
    },
    async close() {
      await listener.close();
      await Promise.all(pools.map((each) => each.end()));
    },
  };
}

/** For the same reason a connection of its own is waited for as long as it takes; not those of single statements. */
function patient(pool: pg.Pool): pg.Pool {
  const connect = pool.connect.bind(pool);
  const untilConnected = async (): Promise<pg.PoolClient> => {
    for (;;) {
      try {
        return await connect();
      } catch (error) {
        if (pool.ending) throw error;
        await sleep(RETRY_MS);
      }
    }
  };
  pool.connect = ((callback?: Parameters<typeof connect>[0]) =>
    callback === undefined ? untilConnected() : connect(callback)) as typeof pool.connect;
  return pool;
}

/** BullMQ takes a lock of its own: of many processes that start together, one does it. */
async function migrateQueues(connection: pg.PoolConfig): Promise<void> {
  const { query_timeout, statement_timeout, idle_in_transaction_session_timeout, ...patient } = connection;
  const client = new pg.Client(patient);
  client.on('error', () => undefined);
  try {
    await client.connect();
    const query = (text: string, params?: readonly unknown[]): Promise<PgQueryResult> =>
      client.query(text, params && [...params]);
    await runMigrations({ query }, QUEUE_SCHEMA);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** One connection for all channels of the process. */
function createListener(connection: pg.PoolConfig, onLost: OnLost) {
  const channels = new Map<string, Set<ChannelListener>>();
  let client: Promise<pg.Client> | undefined;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  const alive = setInterval(() => {
    void client?.then((each) => each.query('select 1').catch((error: Error) => each.emit('error', error)), ignore);
  }, ALIVE_EVERY_MS).unref();

  async function connect(): Promise<pg.Client> {
    const fresh = new pg.Client(connection);
    let standing = false;
    const lost = (error?: Error) => {
      if (!standing) return;
      standing = false;
      client = undefined;
      void fresh.end().catch(ignore);
      if (!closed) onLost(error ?? new Error('the connection ended'));
      retryLater();
    };
    fresh.on('error', lost).on('end', lost);
    fresh.on('notification', ({ channel, payload = '' }) => {
      for (const listener of channels.get(channel) ?? []) listener.heard(payload);
    });
    try {
      await fresh.connect();
      for (const channel of channels.keys()) await fresh.query(`listen ${pg.escapeIdentifier(channel)}`);
      standing = true;
      return fresh;
    } catch (error) {
      client = undefined;
      void fresh.end().catch(ignore);
      throw error;
    }
  }

  function retryLater(): void {
    clearTimeout(retry);
    if (closed || channels.size === 0) return;
    retry = setTimeout(() => {
      client ??= connect();
      client.then(tellMissed, retryLater);
    }, RETRY_MS);
  }

  function tellMissed(): void {
    for (const listeners of channels.values()) for (const listener of listeners) listener.missed();
  }

  return {
    async listen(channel: string, listener: ChannelListener): Promise<() => Promise<void>> {
      const listeners = channels.get(channel) ?? new Set();
      channels.set(channel, listeners.add(listener));
      const stop = async () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        channels.delete(channel);
        await client?.then((each) => each.query(`unlisten ${pg.escapeIdentifier(channel)}`)).catch(ignore);
      };
      // Away just now: what is missed until it is back is made up for.
      client ??= connect();
      const standing = await client.catch(retryLater);
      if (standing instanceof pg.Client) {
        const heard = standing.query(`listen ${pg.escapeIdentifier(channel)}`);
        await heard.catch((error: Error) => standing.emit('error', error));
      }
      return stop;
    },
    async close() {
      closed = true;
      clearInterval(alive);
      clearTimeout(retry);
      await client?.then((each) => each.end()).catch(ignore);
    },
  };
}

function ignore(): void {}
