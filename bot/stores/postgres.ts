import { sql } from 'drizzle-orm';
import type pg from 'pg';
import type { Logger } from 'pino';
import * as schema from '../ledger/schema.js';
import { type Database, MIGRATIONS } from './database.js';
import { withoutCredentials } from './errors.js';
import { type OnLost, openPool } from './pool.js';
import { migrateServer } from './postgres-migrations.js';
import { createServerSql } from './postgres-sql.js';
import { drizzleOver } from './transactions.js';

export interface PostgresSettings {
  /** `postgres://`; empty or absent for PGlite under `dataDir`. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Connections of this process at most; 10 when not said. */
  readonly connections?: number;
  /** How long a statement may take before it counts as unanswered; 1 s when not said. A connection is waited for no less. */
  readonly answerWithinMs?: number;
}

/** How long to wait for a connection at least, be it the server's or a free one of ours. */
const CONNECT_WITHIN_MS = 1000;
const ANSWER_WITHIN_MS = 1000;
/** The server's own limit: what an abandoned connection left running ends by itself. */
const STATEMENT_TIMEOUT_MS = 5000;

/**
 * Opens PostgreSQL, the server at `url`, else PGlite, and brings its tables up to date. Rejects with `StoreUnavailable`, or
 * `StoreInUse` when another living Refill has the PGlite.
 */
export async function openPostgres(settings: PostgresSettings): Promise<Database> {
  const { url, dataDir } = settings;
  if (url !== undefined && url !== '') return openServer(url, settings);
  // Imported only when used: it is large.
  const { openPglite } = await import('./pglite.js');
  return openPglite(dataDir);
}

async function openServer(url: string, settings: PostgresSettings): Promise<Database> {
  const description = withoutCredentials(url);
  const answerWithinMs = settings.answerWithinMs ?? ANSWER_WITHIN_MS;
  await migrateServer({ url, description, folder: MIGRATIONS, log: settings.log });
  const connection: pg.PoolConfig = {
    connectionString: url,
    application_name: 'refill',
    connectionTimeoutMillis: Math.max(CONNECT_WITHIN_MS, answerWithinMs),
    query_timeout: answerWithinMs,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  };
  // A connection lost while idle: it has been replaced already.
  const onLost: OnLost = ({ code }) => settings.log.warn({ code }, 'a PostgreSQL connection was lost');
  const pool = openPool({ ...connection, max: settings.connections ?? 10 }, onLost);
  const db = drizzleOver(pool, schema);
  const beside = createServerSql({ connection, onLost });
  return {
    kind: 'postgres',
    description,
    drizzle: db,
    sql: beside,
    async ping() {
      await db.execute(sql`select 1`);
    },
    async close() {
      await Promise.all([pool.end(), beside.close()]);
    },
  };
}
