import { Redis } from 'ioredis';
import { type Config, loadConfig } from './config.js';
import { RefillError } from './errors.js';
import { numberedPlaces } from './identity/numbered.js';
import { checkKey, createLedger } from './ledger/index.js';
import type { Ledger } from './ledger/ledger.js';
import { createLog } from './log.js';
import { createVault, type KeyedVault, loadKeys } from './secrets.js';
import type { Database } from './stores/database.js';
import { StoreInUse } from './stores/errors.js';
import { openPostgres } from './stores/postgres.js';
import { socketPath } from './stores/redis-server.js';

/** How long one statement of a command may take. */
const ANSWER_WITHIN_MS = 5_000;

const STOP_FIRST =
  'Refill is running and has the embedded database open, which takes one process at a time: stop it first. ' +
  'With DATABASE_URL both can run at once.';

/** A running Refill has the embedded database; the message says what to do. */
class DatabaseTaken extends RefillError {
  readonly code = 'DATABASE_TAKEN';
}

/** What is under way is in a Redis that cannot be reached; the message says in which. */
class RedisSilent extends RefillError {
  readonly code = 'REDIS_SILENT';
}

/** Runs one command line: what its user can mend is said on stderr, with exit code 1; anything else is a defect and throws. */
export async function runCommand(command: () => Promise<void>): Promise<void> {
  try {
    await command();
  } catch (error) {
    if (!(error instanceof RefillError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

export interface CommandOptions {
  /** Said when a running Refill has the embedded database. */
  readonly taken?: string;
  readonly answerWithinMs?: number;
}

/** The database of `npm start` and its vault for one command. Rejects with what `openPostgres` and `checkKey` say. */
export async function withDatabase<T>(
  config: Config,
  use: (database: Database, vault: KeyedVault) => Promise<T>,
  { taken = STOP_FIRST, answerWithinMs = ANSWER_WITHIN_MS }: CommandOptions = {},
): Promise<T> {
  const { dataDir, databaseUrl } = config;
  const vault = createVault(loadKeys(config));
  const settings = { url: databaseUrl, dataDir, log: createLog('silent'), answerWithinMs };
  const database = await openPostgres(settings).catch((cause: unknown) => {
    throw cause instanceof StoreInUse ? new DatabaseTaken(taken, { cause }) : cause;
  });
  try {
    await checkKey(database, vault);
    return await use(database, vault);
  } finally {
    await database.close();
  }
}

/** The ledger of `npm start`, from the same environment, for one command. */
export function withLedger<T>(use: (ledger: Ledger) => Promise<T>, options?: CommandOptions): Promise<T> {
  const config = loadConfig(process.env);
  const { youngForMs: newLinkMs } = config.newLink;
  return withDatabase(
    config,
    (database, vault) => use(createLedger(database, vault, { newLinkMs, numbered: numberedPlaces(config) })),
    options,
  );
}

/** The server of `REDIS_URL`, or the one a running Refill has under its data directory. Rejects with `RedisSilent`. */
export async function connectRedis({ redisUrl, dataDir }: Config): Promise<Redis> {
  let connected = false;
  // One that was there may be lost while nothing is asked of it.
  const retryStrategy = () => (connected ? 100 : null);
  const options = { maxRetriesPerRequest: 1, lazyConnect: true, retryStrategy };
  const redis = redisUrl ? new Redis(redisUrl, options) : new Redis({ ...options, path: socketPath(dataDir) });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    connected = true;
    return redis;
  } catch (cause) {
    redis.disconnect();
    const where = redisUrl ? 'the Redis server of REDIS_URL' : 'the Redis of a running Refill';
    throw new RedisSilent(`${where} does not answer`, { cause });
  }
}
