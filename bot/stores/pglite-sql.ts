import { EventEmitter } from 'node:events';
import type { PGlite } from '@electric-sql/pglite';
import { type PgPool, type PgPoolClient, type PgQueryResult, runMigrations } from 'bullmq';
import type { Sql } from './sql.js';

/** BullMQ's default; it cannot be told another one together with a pool. */
const QUEUE_SCHEMA = 'bullmq';

/** PGlite's one session, for what is under way. Closing it is the database's business. */
export function createPgliteSql(client: PGlite): Sql {
  let queues: Promise<PgPool> | undefined;
  return {
    async query<Row>(text: string, params: readonly unknown[] = []) {
      const { rows } = await client.query<Row>(text, [...params]);
      return rows;
    },
    // Never away: there is nothing to miss.
    listen: (channel, { heard }) => client.listen(channel, heard),
    queuePool() {
      queues ??= openQueues(client);
      return queues;
    },
    close: async () => undefined,
  };
}

/** The one session behind what BullMQ takes for a pool. All names are found: ours first, then BullMQ's (none is in both). */
async function openQueues(client: PGlite): Promise<PgPool> {
  await migrate(client);
  await client.query(`set search_path to public, ${QUEUE_SCHEMA}`);
  return new SessionPool(client) as unknown as PgPool;
}

/** In one step, as nobody else can get in between on the only session. */
async function migrate(client: PGlite): Promise<void> {
  const query = async (text: string, params?: readonly unknown[]): Promise<PgQueryResult> => {
    if (params !== undefined) return client.query(text, [...params]);
    return (await client.exec(text)).at(-1) ?? { rows: [] };
  };
  await runMigrations({ query }, QUEUE_SCHEMA);
}

/** The members of a `pg.Pool`, and of the client it hands out, that BullMQ uses. */
class SessionPool extends EventEmitter {
  constructor(private readonly client: PGlite) {
    super();
    // One listener for each worker that waits.
    this.setMaxListeners(0);
  }

  query(text: string, params: readonly unknown[] = []): Promise<PgQueryResult> {
    return this.client.query(text, [...params]);
  }

  async connect(): Promise<PgPoolClient> {
    return new SessionClient(this.client) as unknown as PgPoolClient;
  }

  async end(): Promise<void> {}
}

class SessionClient extends EventEmitter {
  private readonly stopListening: () => void;

  constructor(private readonly client: PGlite) {
    super();
    this.stopListening = client.onNotification((channel, payload) => this.emit('notification', { channel, payload }));
  }

  query(text: string, params: readonly unknown[] = []): Promise<PgQueryResult> {
    return this.client.query(text, [...params]);
  }

  release(): void {
    this.stopListening();
  }
}
