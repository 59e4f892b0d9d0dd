import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { StoreUnavailable } from './errors.js';
import { type Migration, type NewIndex, readMigrations } from './migration-files.js';

export interface MigrationSettings {
  readonly url: string;
  /** For messages: where it is, without credentials. */
  readonly description: string;
  /** What `npm run db:generate` wrote. */
  readonly folder: string;
  readonly log: Pick<Logger, 'info'>;
}

const CONNECT_WITHIN_MS = 5000;
/** What takes longer is said in the log. */
const TELL_AFTER_MS = 1000;
/** Any number, as long as nothing else takes it: the advisory lock under which one of many starting processes migrates. */
const MIGRATION_LOCK = 7_345_411;
const ASK_AGAIN_AFTER_MS = 100;
/** While a table's lock is waited for, everybody else's writes queue behind; they wait for a second at most (postgres.ts). */
const TABLE_LOCK_WITHIN_MS = 250;
const TRY_AGAIN_AFTER_MS = 750;
/** Somebody reads a table in one go for longer than that: a person has to look. */
const TRY_FOR_MS = 5 * 60_000;
/** `lock_not_available`, `deadlock_detected`. */
const IN_USE = new Set(['55P03', '40P01']);

/**
 * Brings a server's tables up to date while other processes go on reading and writing them. Each file is one transaction, which
 * gives up and tries again where it would have to wait for a table; its indexes are built afterwards, and locks no writer out. Of
 * any number of processes that start together one does it; the others wait and find nothing left to do. Rejects with
 * `StoreUnavailable`; what was done until then stays, and the next start goes on from there.
 */
export async function migrateServer(settings: MigrationSettings): Promise<void> {
  const client = new pg.Client({
    connectionString: settings.url,
    application_name: 'refill migrations',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    keepAlive: true,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // An index takes as long as it takes, whatever the role's own limits are.
    await client.query('set statement_timeout = 0; set lock_timeout = 0');
    await takeTurn(client, settings.log);
    await migrate(client, settings);
  } catch (cause) {
    throw unavailable(settings.description, cause);
  } finally {
    // The lock goes with the connection.
    await client.end().catch(() => undefined);
  }
}

/** Asks again and again: a statement that waits has a snapshot, and who builds an index waits for whoever has one. */
async function takeTurn(client: pg.Client, log: MigrationSettings['log']): Promise<void> {
  const slow = setTimeout(() => log.info('waiting for another process, which migrates PostgreSQL'), TELL_AFTER_MS);
  try {
    for (;;) {
      const { rows } = await client.query('select pg_try_advisory_lock($1) as taken', [MIGRATION_LOCK]);
      if (rows[0]?.taken === true) return;
      await sleep(ASK_AGAIN_AFTER_MS);
    }
  } finally {
    clearTimeout(slow);
  }
}

/** Keeps the table of Drizzle's own `migrate`, so that PGlite, drizzle-kit and a server agree on what was done. */
async function migrate(client: pg.Client, { folder, log }: MigrationSettings): Promise<void> {
  await client.query('create schema if not exists drizzle');
  await client.query(
    'create table if not exists drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint)',
  );
  const { rows } = await client.query('select max(created_at)::float8 as last from drizzle.__drizzle_migrations');
  const last: number = rows[0]?.last ?? 0;
  for (const migration of readMigrations(folder)) {
    if (migration.when < last) continue;
    if (migration.when > last) await apply(client, migration, log);
    // Of the last one too: whoever did it may have been stopped before its indexes were built.
    for (const index of migration.indexes) await build(client, index, log);
  }
}

/** Does all of it or nothing. Never keeps others waiting for long: what cannot have a table's lock at once tries again later. */
async function apply(client: pg.Client, migration: Migration, log: MigrationSettings['log']): Promise<void> {
  const until = performance.now() + TRY_FOR_MS;
  for (let tries = 0; ; tries++) {
    try {
      await client.query('begin');
      await client.query(`set local lock_timeout = ${TABLE_LOCK_WITHIN_MS}`);
      for (const statement of migration.statements) await client.query(statement);
      await client.query('insert into drizzle.__drizzle_migrations (hash, created_at) values ($1, $2)', [
        migration.hash,
        migration.when,
      ]);
      await client.query('commit');
      return;
    } catch (error) {
      await client.query('rollback').catch(() => undefined);
      if (!isInUse(error) || performance.now() > until) throw error;
      if (tries === 1) log.info('waiting for a table that another connection keeps in use, to change it');
      await sleep(TRY_AGAIN_AFTER_MS);
    }
  }
}

/** One whose building was cut short stays behind, invalid: it costs every write and helps no read. */
async function build(client: pg.Client, { name, sql }: NewIndex, log: MigrationSettings['log']): Promise<void> {
  const { rows } = await client.query(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass(quote_ident($1))',
    [name],
  );
  if (rows[0]?.valid === true) return;
  if (rows.length > 0) await client.query(`drop index concurrently "${name}"`);
  const slow = setTimeout(() => log.info({ index: name }, 'building an index; whoever serves goes on'), TELL_AFTER_MS);
  await client.query(sql).finally(() => clearTimeout(slow));
}

function isInUse(error: unknown): boolean {
  return error instanceof pg.DatabaseError && IN_USE.has(error.code ?? '');
}

function unavailable(description: string, cause: unknown): StoreUnavailable {
  const code = cause instanceof pg.DatabaseError ? `SQLSTATE ${cause.code}` : (cause as NodeJS.ErrnoException).code;
  const reason = code === undefined ? '' : ` (${code})`;
  const message = isInUse(cause)
    ? `PostgreSQL at ${description} (DATABASE_URL) could not be brought up to date${reason}: another connection kept a ` +
      'table in use for minutes; end its transaction (pg_stat_activity) and start again'
    : `PostgreSQL at ${description} (DATABASE_URL) could not be opened${reason}: ` +
      'is it running, does the database exist, and may this user create tables in it?';
  return new StoreUnavailable(message, { cause });
}
