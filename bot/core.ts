import type { Redis } from 'ioredis';
import { type Callers, createCallers } from './callers.js';
import type { Closing } from './closing.js';
import type { Config } from './config.js';
import { checkKey, createLedger } from './ledger/index.js';
import type { Ledger } from './ledger/ledger.js';
import type { Logger } from './log.js';
import { createMetrics, type Metrics } from './metrics.js';
import { createVault, deriveKey, loadKey, type Vault } from './secrets.js';
import { openPostgres } from './stores/postgres.js';
import { openRedis, type RedisStore } from './stores/redis.js';
import { createTrace, type Trace } from './trace.js';

/** What every part of a process stands on. */
export interface Core {
  readonly vault: Vault;
  readonly masterKey: Buffer;
  readonly redis: RedisStore;
  readonly ledger: Ledger;
  readonly databaseKind: 'postgres' | 'pglite';
  readonly metrics: Metrics;
  readonly trace: Trace;
  readonly callers: Callers;
  /** The connection that fails fast, one for all: what is sent in the same moment goes out in one write. */
  readonly webhooks: Redis;
}

/** Opens the stores and whatever needs nothing else. Rejects with `StoreUnavailable`, `StoreInUse` or `KeyMismatch`. */
export async function openCore(config: Config, log: Logger, closing: Closing): Promise<Core> {
  const { dataDir } = config;
  const masterKey = loadKey(dataDir, config.key);
  const vault = createVault(masterKey);
  // Both at once: PGlite's first start is what a newcomer waits for.
  const opened = await Promise.allSettled([
    openRedis({ url: config.redisUrl, dataDir, log }),
    openPostgres({ url: config.databaseUrl, dataDir, log }),
  ]);
  const [redis, database] = opened;
  if (redis.status === 'fulfilled') closing.add('redis', () => redis.value.close());
  if (database.status === 'fulfilled') closing.add('database', () => database.value.close());
  if (redis.status === 'rejected') throw redis.reason;
  if (database.status === 'rejected') throw database.reason;
  await checkKey(database.value, vault);
  return {
    vault,
    masterKey,
    redis: redis.value,
    ledger: createLedger(database.value, vault),
    databaseKind: database.value.kind,
    metrics: createMetrics(),
    trace: createTrace(),
    callers: createCallers({
      caller: config.caller,
      openSandbox: config.sandbox && config.caller === undefined,
      key: deriveKey(masterKey, 'refill/callers/v1'),
    }),
    webhooks: await readyConnection(redis.value),
  };
}

/** Nothing may be sent before it is ready: it keeps no commands for later. */
async function readyConnection(store: RedisStore): Promise<Redis> {
  const connection = store.forWebhooks();
  if (connection.status !== 'ready') await new Promise((resolve) => connection.once('ready', resolve));
  return connection;
}

/** Resolves when turns can be taken. */
export async function ready({ redis, ledger }: Core): Promise<void> {
  await Promise.all([redis.ping(), ledger.ping()]);
}
