import { resolve } from 'node:path';
import { Redis, type RedisOptions, ReplyError } from 'ioredis';
import type { Logger } from 'pino';
import { StoreUnavailable, withoutCredentials } from './errors.js';
import { takeLock } from './lock.js';
import { type EmbeddedServer, ensureServer, isAlive, stopServer } from './redis-server.js';
import { PREFIX } from './working.js';

/** Redis or Valkey: a server named by a URL, or one of our own. */
export interface RedisStore {
  readonly kind: 'server' | 'embedded';
  /** For logs: where it is, without credentials. */
  readonly description: string;
  /** A connection for work that can wait: commands are kept until Redis is back. BullMQ's workers ask for this. */
  forWorkers(): Redis;
  /** A connection for work that must not wait: a command fails at once while Redis is away, or after a second without answer. */
  forWebhooks(): Redis;
  /** Resolves when Redis answers; rejects within about a second otherwise. */
  ping(): Promise<void>;
  /** Closes every connection made here, and stops the server if it is our own. A server named by a URL is left alone. */
  close(): Promise<void>;
}

export interface RedisSettings {
  /** `redis://` or `rediss://`; empty or absent for the embedded server. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
}

const ANSWER_WITHIN_MS = 1000;
const WATCH_EVERY_MS = 500;
/**
 * How long a connection may leave its commands without any answer before it is left for a new one. A host or a way to it that is
 * gone tells nobody, and a kernel takes a quarter of an hour to find out. One without commands is kept however long it is idle.
 */
const WEBHOOKS_SILENT_MS = 3_000;
/** BullMQ's workers wait up to 10 s for a job in one command. */
const WORKERS_SILENT_MS = 15_000;

/** The reply shapes are the default's; their mode is part of ioredis' types. */
type Options = Omit<RedisOptions, 'replyMapping'>;

const RECONNECT: Options = {
  retryStrategy: (times) => Math.min(1000, 25 * 2 ** Math.min(times, 6)),
  // After a failover a connection may go on to what is a replica now: the address is looked up anew.
  reconnectOnError: isReplica,
};
/** What a replica refused was not done, so a worker's is asked again. */
const WORKERS: Options = {
  ...RECONNECT,
  maxRetriesPerRequest: null,
  socketTimeout: WORKERS_SILENT_MS,
  reconnectOnError: (error) => isReplica(error) && 2,
};
const WEBHOOKS: Options = {
  ...RECONNECT,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  // Ends only the wait for an answer: the connection stays.
  commandTimeout: ANSWER_WITHIN_MS,
  socketTimeout: WEBHOOKS_SILENT_MS,
  enableAutoPipelining: true,
};

/**
 * Opens Redis: the server at `url`, else a redis-server of our own under `${dataDir}/redis`, which survives a kill of this
 * process and is taken over by the next start. Rejects with `StoreUnavailable`, or `StoreInUse` when another living Refill has it.
 */
export async function openRedis({ url, dataDir, log }: RedisSettings): Promise<RedisStore> {
  if (url !== undefined && url !== '') {
    const description = withoutCredentials(url);
    const connections = createConnections((options) => new Redis(url, options), log);
    await verify(connections, description);
    return { kind: 'server', description, ...connections };
  }
  const embedded = await openEmbedded(dataDir, log);
  const connections = createConnections((options) => new Redis({ ...options, path: embedded.socket }), log);
  return {
    kind: 'embedded',
    description: `redis-server at ${embedded.socket}`,
    ...connections,
    async close() {
      await connections.close();
      await embedded.close();
    },
  };
}

interface Embedded {
  readonly socket: string;
  close(): Promise<void>;
}

/** Redis answered that it takes no writes now: it is full, its disk is, or it became a replica. */
export function takesNoWrites(error: unknown): boolean {
  return (
    error instanceof Error && error instanceof ReplyError && /^(OOM|MISCONF|READONLY|EXECABORT) /.test(error.message)
  );
}

function isReplica({ message }: Error): boolean {
  return message.startsWith('READONLY');
}

/** Starts or adopts our own server and starts it again should it die. */
async function openEmbedded(dataDir: string, log: RedisSettings['log']): Promise<Embedded> {
  const lock = await takeLock(resolve(dataDir, 'redis'));
  let server: EmbeddedServer;
  try {
    server = await ensureServer(dataDir);
  } catch (error) {
    lock.release();
    throw error;
  }
  log.info(
    { pid: server.pid },
    server.adopted ? 'took over the redis-server an earlier start left' : 'started redis-server',
  );
  let reviving: Promise<void> | undefined;
  const revive = async (): Promise<void> => {
    log.error({ pid: server.pid }, 'redis-server is gone; starting it again');
    try {
      server = await ensureServer(dataDir);
    } catch (error) {
      log.error({ err: error }, 'redis-server could not be started again');
    }
    reviving = undefined;
  };
  const watch = setInterval(() => {
    if (!isAlive(server.pid)) reviving ??= revive();
  }, WATCH_EVERY_MS).unref();
  return {
    socket: server.socket,
    async close() {
      clearInterval(watch);
      await reviving;
      await stopServer(server).finally(() => lock.release());
    },
  };
}

type Connections = Pick<RedisStore, 'forWorkers' | 'forWebhooks' | 'ping' | 'close'>;

function createConnections(connect: (options: Options) => Redis, log: RedisSettings['log']): Connections {
  const open = new Set<Redis>();
  const add = (options: Options): Redis => {
    const redis = connect(options);
    let down = false;
    // One line an outage, not one an attempt. The error names an address, never credentials.
    redis.on('error', (error: NodeJS.ErrnoException) => {
      if (!down) log.warn({ code: error.code ?? error.name }, 'a Redis connection is down');
      down = true;
    });
    redis.on('ready', () => (down = false));
    redis.once('end', () => open.delete(redis));
    open.add(redis);
    return redis;
  };
  let pinger: Redis | undefined;
  let full = false;
  return {
    forWorkers: () => add(WORKERS),
    forWebhooks: () => add(WEBHOOKS),
    async ping() {
      // Unlike a webhook's, its commands wait for the connection, but no longer than any other.
      pinger ??= add({ ...WEBHOOKS, enableOfflineQueue: true });
      try {
        await pinger.set(`${PREFIX}:ping`, '', 'PX', 1000);
        full = false;
      } catch (error) {
        // A server that is full still answers, and what is in it still gets done.
        if (!(error instanceof ReplyError) || isReplica(error as Error)) throw error;
        if (!full) log.error({ err: error }, 'Redis takes no writes: events are refused until there is room');
        full = true;
      }
    },
    async close() {
      for (const redis of open) redis.disconnect();
      open.clear();
    },
  };
}

async function verify(connections: Connections, description: string): Promise<void> {
  try {
    await connections.ping();
  } catch (cause) {
    await connections.close();
    throw new StoreUnavailable(
      `Redis at ${description} (REDIS_URL) does not answer: is it running, and are the credentials right?`,
      { cause },
    );
  }
}
