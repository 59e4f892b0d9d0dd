import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import pg from 'pg';
import type { Logger } from 'pino';
import * as schema from '../ledger/schema.js';
import { type Database, MIGRATIONS } from './database.js';
import { StoreUnavailable } from './errors.js';

export interface PostgresSettings {
  /** `postgres://`; empty or absent for PGlite under `dataDir`. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Connections of this process at most; 10 when not said. */
  readonly connections?: number;
  /** How long a statement may take before it counts as unanswered; 1 s when not said. */
  readonly answerWithinMs?: number;
}

/** How long to wait for a connection, be it the server's or a free one of ours. */
const CONNECT_WITHIN_MS = 1000;
const ANSWER_WITHIN_MS = 1000;
/** The server's own limit: what an abandoned connection left running ends by itself. */
const STATEMENT_TIMEOUT_MS = 5000;
/** Any number, as long as nothing else takes it: the advisory lock under which one of many starting processes migrates. */
const MIGRATION_LOCK = 7_345_411;

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
  await migrateServer(url, description);
  const pool = new pg.Pool({
    connectionString: url,
    application_name: 'refill',
    max: settings.connections ?? 10,
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    query_timeout: settings.answerWithinMs ?? ANSWER_WITHIN_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  });
  // A connection lost while idle: the pool has replaced it already.
  pool.on('error', (error: NodeJS.ErrnoException) =>
    settings.log.warn({ code: error.code }, 'a PostgreSQL connection was lost'),
  );
  const db = drizzle(pool, { schema });
  return {
    kind: 'postgres',
    description,
    drizzle: db,
    async ping() {
      await db.execute(sql`select 1`);
    },
    close: () => pool.end(),
  };
}

/** Of any number of processes that start together, one migrates; the others wait for it and find nothing left to do. */
async function migrateServer(url: string, description: string): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'refill migrations',
    connectionTimeoutMillis: 5 * CONNECT_WITHIN_MS,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
  } catch (cause) {
    const reason = cause instanceof pg.DatabaseError ? `SQLSTATE ${cause.code}` : (cause as NodeJS.ErrnoException).code;
    throw new StoreUnavailable(
      `PostgreSQL at ${description} (DATABASE_URL) could not be opened${reason ? ` (${reason})` : ''}: ` +
        'is it running, does the database exist, and may this user create tables in it?',
      { cause },
    );
  } finally {
    // The lock goes with the connection.
    await client.end().catch(() => undefined);
  }
}

function withoutCredentials(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return 'the configured address';
  }
}
