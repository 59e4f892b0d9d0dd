import type { Logger } from 'pino';
import { createPostgresMailbox } from '../conversation/postgres-mailbox.js';
import { createJobs } from '../jobs.js';
import type { Database } from './database.js';
import { StoreUnavailable } from './errors.js';
import { createPostgresLiveLog } from './postgres-live-log.js';
import { prune } from './postgres-prune.js';
import { createPostgresShortLived } from './postgres-short-lived.js';
import { createPublish } from './sql.js';
import { PREFIX, type WorkingStores } from './working.js';

const PRUNE_EVERY_MS = 60_000;

/** What is under way, in the ledger's database. Closing it leaves the database open. */
export async function openWorkingOnPostgres(database: Database, log: Pick<Logger, 'warn'>): Promise<WorkingStores> {
  const { sql } = database;
  const pool = await queuePool(database);
  const publish = createPublish(sql);
  // PGlite has one owner, and this is it: there are no others to wake, and whoever had a lease is gone.
  const wakeOthers = database.kind === 'pglite' ? () => undefined : publish;
  if (database.kind === 'pglite') await sql.query('update mailboxes set due_at = now() where lease is not null');
  let pruning: Promise<unknown> | undefined;
  const timer = setInterval(() => {
    pruning ??= prune(sql)
      .catch((error: unknown) => log.warn({ err: error }, 'what ended could not be removed'))
      .finally(() => {
        pruning = undefined;
      });
  }, PRUNE_EVERY_MS).unref();
  return {
    kind: 'postgres',
    description: database.description,
    shortLived: createPostgresShortLived(sql),
    liveLog: createPostgresLiveLog(sql, publish),
    mailbox: (vault) => createPostgresMailbox({ sql, publish: wakeOthers, vault }),
    jobs: () => createJobs({ pool, prefix: PREFIX }),
    ping: () => database.ping(),
    async close() {
      clearInterval(timer);
      await pruning;
    },
  };
}

/** Brings BullMQ's own tables up to date first. */
async function queuePool({ sql, description }: Database): ReturnType<Database['sql']['queuePool']> {
  try {
    return await sql.queuePool();
  } catch (cause) {
    throw new StoreUnavailable(
      `the queues could not be set up in ${description}: may this user create a schema in the database?`,
      { cause },
    );
  }
}

/** How many conversations an earlier start without Redis left in the middle of something. */
export async function waitingInPostgres({ sql }: Database): Promise<number> {
  const rows = await sql.query<{ waiting: number }>(
    'select count(*)::int as waiting from mailboxes where due_at is not null',
  );
  return rows[0]?.waiting ?? 0;
}
