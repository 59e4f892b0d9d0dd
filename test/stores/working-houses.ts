import { openWorkingOnPostgres } from '../../bot/stores/on-postgres.js';
import { openWorkingOnRedis } from '../../bot/stores/on-redis.js';
import { openPostgres } from '../../bot/stores/postgres.js';
import type { WorkingStores } from '../../bot/stores/working.js';
import { postgresServer, silent, tempFolder, tempPostgres, withPglite } from '../support/stores.js';

/** One store as two processes see it. PGlite has one process only: there both are the same. */
export interface WorkingHouse {
  readonly here: WorkingStores;
  readonly there: WorkingStores;
  close(): Promise<void>;
}

/** Every implementation, for `describe.each`. */
export const HOUSES: readonly (readonly [name: string, open: () => Promise<WorkingHouse>])[] = [
  ['Redis', onRedis],
  ...((await postgresServer()) === undefined ? [] : ([['PostgreSQL', onPostgres]] as const)),
  ['PGlite', onPglite],
];

async function onRedis(): Promise<WorkingHouse> {
  const folder = tempFolder();
  const here = await openWorkingOnRedis({ dataDir: folder.path, log: silent });
  const there = await openWorkingOnRedis({ url: `${folder.path}/redis/redis.sock`, dataDir: '', log: silent });
  return {
    here,
    there,
    async close() {
      await there.close();
      await here.close();
      folder.remove();
    },
  };
}

async function onPostgres(): Promise<WorkingHouse> {
  const { database, url, close } = await tempPostgres();
  const other = await openPostgres({ url, dataDir: '', log: silent, answerWithinMs: 10_000 });
  const [here, there] = [await openWorkingOnPostgres(database, silent), await openWorkingOnPostgres(other, silent)];
  return {
    here,
    there,
    async close() {
      await Promise.all([here.close(), there.close()]);
      await other.close();
      await close();
    },
  };
}

async function onPglite(): Promise<WorkingHouse> {
  const { database, close } = await withPglite();
  const here = await openWorkingOnPostgres(database, silent);
  return { here, there: here, close: () => here.close().then(close) };
}
