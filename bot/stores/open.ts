import type { Logger } from 'pino';
import type { Closing } from '../closing.js';
import { chooseWorking } from './choice.js';
import type { Database } from './database.js';
import { openWorkingOnPostgres, waitingInPostgres } from './on-postgres.js';
import { openWorkingOnRedis } from './on-redis.js';
import { openPostgres } from './postgres.js';
import type { WorkingStores } from './working.js';

export interface OpenSettings {
  readonly stores: WorkingStores['kind'] | undefined;
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string | undefined;
  readonly dataDir: string;
}

/** Opens the database, and what is under way in it or in Redis. Rejects with `StoreUnavailable` or `StoreInUse`. */
export async function openStores(
  settings: OpenSettings,
  log: Logger,
  closing: Closing,
): Promise<{ readonly database: Database; readonly working: WorkingStores }> {
  const { redisUrl, databaseUrl, dataDir } = settings;
  const kind = chooseWorking(settings);
  // Both at once: PGlite's first start is what a newcomer waits for.
  const [database, redis] = await Promise.allSettled([
    openPostgres({ url: databaseUrl, dataDir, log }),
    kind === 'redis' ? openWorkingOnRedis({ url: redisUrl, dataDir, log }) : undefined,
  ]);
  // Closed in reverse: what is under way before the database it may be in.
  if (database.status === 'fulfilled') closing.add('database', () => database.value.close());
  if (redis.status === 'fulfilled' && redis.value !== undefined) closing.add('redis', redis.value.close);
  if (redis.status === 'rejected') throw redis.reason;
  if (database.status === 'rejected') throw database.reason;
  if (redis.value !== undefined) {
    await warnOfWaiting(database.value, log);
    return { database: database.value, working: redis.value };
  }
  const working = await openWorkingOnPostgres(database.value, log);
  closing.add('working stores', working.close);
  return { database: database.value, working };
}

/** An earlier start had no Redis: what it took and did not finish is not found in Redis. */
async function warnOfWaiting(database: Database, log: Logger): Promise<void> {
  const conversations = await waitingInPostgres(database);
  if (conversations > 0) {
    log.warn(
      { conversations },
      'PostgreSQL holds events of a start without Redis; REFILL_STORES=postgres would finish them',
    );
  }
}
