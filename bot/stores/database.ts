import { join } from 'node:path';
import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as schema from '../ledger/schema.js';
import { packageRoot } from '../paths.js';
import type { Sql } from './sql.js';

/** PostgreSQL, migrated and ready: a server, or PGlite inside this process. Queries are the same for both. */
export interface Database {
  readonly kind: 'postgres' | 'pglite';
  /** For logs: where it is, without credentials. */
  readonly description: string;
  readonly drizzle: PgDatabase<PgQueryResultHKT, typeof schema>;
  /** For what is under way, when that is kept here too. */
  readonly sql: Sql;
  /** Resolves when the database answers; rejects within about a second otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Where `npx drizzle-kit generate` writes. */
export const MIGRATIONS = join(packageRoot(), 'bot/ledger/migrations');
