import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { openRedis } from '../../../bot/stores/redis.js';
import { postgresServer, silent, tempPostgres } from '../../support/stores.js';
import { openPostgresMailbox } from '../mailbox-on-postgres.js';
import { openRedisMailbox, type RedisTestMailbox } from '../mailbox-on-redis.js';
import { type MailboxOptions, type TestMailbox, until } from '../mailboxes.js';

/** What the mailboxes of one run lie in. */
export interface StressStore {
  /** As `Shared` says. */
  readonly store: string;
  readonly mailbox: TestMailbox;
  /** As hard as it may be hit without losing what it promised to keep. Resolves when it is back. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** In memory where there is such a place: every write is synced here (see `syncAlways`). */
export const FOLDER = join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'refill-stress-');

/** `kill -9` of the server. */
export async function stressedRedis(dataDir: string, options: MailboxOptions): Promise<StressStore> {
  const store = await openRedis({ dataDir, log: silent });
  const mailbox = await openRedisMailbox(store, { ...options, sweepEveryMs: 60_000 });
  await syncAlways(mailbox);
  return {
    store: join(dataDir, 'redis', 'redis.sock'),
    mailbox,
    async kill() {
      const pid = Number(/process_id:(\d+)/.exec(await mailbox.redis.info('server'))?.[1]);
      process.kill(pid, 'SIGKILL');
      await until(() => mailbox.redis.status !== 'ready');
      await until(() =>
        mailbox.redis.ping().then(
          () => true,
          () => false,
        ),
      );
      await syncAlways(mailbox);
    },
    close: () => mailbox.close().then(() => store.close()),
  };
}

/**
 * `everysec`, the default, answers before it writes while the last sync is still running: a kill in these milliseconds loses
 * what was acknowledged (measured on a busy disk: one kill in 25). That is Redis' bargain and not what is tested here.
 */
async function syncAlways(mailbox: RedisTestMailbox): Promise<void> {
  await mailbox.redis.config('SET', 'appendfsync', 'always');
}

/** Every connection is ended in the middle of whatever it does; the server is not ours to kill. */
export async function stressedPostgres(options: MailboxOptions): Promise<StressStore> {
  const { url, database, close } = await tempPostgres();
  const mailbox = openPostgresMailbox(database.sql, options);
  const admin = new pg.Client({ connectionString: (await postgresServer()) ?? '' });
  await admin.connect();
  const name = new URL(url).pathname.slice(1);
  return {
    store: url,
    mailbox,
    async kill() {
      await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
    },
    async close() {
      await admin.end();
      await mailbox.close();
      await close();
    },
  };
}
