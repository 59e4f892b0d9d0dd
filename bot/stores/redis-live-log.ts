import type { Redis } from 'ioredis';
import { type LiveLog, LOG_TTL_SECONDS, type LogEntry, type LogSignal, MAX_ENTRIES, MAX_IDS } from '../live-log.js';

export interface RedisLiveLogOptions {
  /** Fails at once when Redis is away (`enableOfflineQueue: false`): webhooks answer quickly. */
  readonly commands: Redis;
  /** A new connection that waits and reconnects, for SUBSCRIBE. */
  readonly subscriber: () => Redis;
  /** First part of every key, e.g. `refill:web`. */
  readonly prefix: string;
}

/**
 * KEYS: stream, ids. ARGV: id, kind, data, channel, TTL (s), max entries, max ids.
 * The ids are a sorted set by time, so that the oldest can be dropped.
 */
const APPEND = `
local time = redis.call('TIME')
if redis.call('ZADD', KEYS[2], 'NX', time[1], ARGV[1]) == 0 then return 0 end
local position = redis.call('XADD', KEYS[1], 'MAXLEN', '=', ARGV[6], '*', ARGV[2], ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -tonumber(ARGV[7]) - 1)
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[5])
redis.call('PUBLISH', ARGV[4], position .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
return 1`;

/** A connection that only listens asks for nothing, and would never find out that nobody is there any more. */
const ALIVE_EVERY_MS = 5_000;

type Commands = Redis & { refillLogAppend(...args: readonly (string | number)[]): Promise<number> };

/** A stream per log, and a Pub/Sub channel that its entries are told on as they are kept. */
export function createRedisLiveLog({ commands, subscriber, prefix }: RedisLiveLogOptions): LiveLog {
  commands.defineCommand('refillLogAppend', { numberOfKeys: 2, lua: APPEND });
  const redis = commands as Commands;
  // The braces make it one Cluster slot, which the script needs.
  const keyOf = (log: string, part: 'log' | 'ids' | 'live') => `${prefix}:{${log}}:${part}`;

  return {
    async append(log, id, kind, data) {
      const keys = [keyOf(log, 'log'), keyOf(log, 'ids')];
      const channel = keyOf(log, 'live');
      await redis.refillLogAppend(...keys, id, kind, data, channel, LOG_TTL_SECONDS, MAX_ENTRIES, MAX_IDS);
    },

    async read(log, position) {
      const rows = await redis.xrange(keyOf(log, 'log'), position === undefined ? '-' : `(${position}`, '+');
      return rows.map(([at, [kind = '', data = '']]) => ({ position: at, kind, data }));
    },

    async signal(log, kind, data) {
      await redis.publish(keyOf(log, 'live'), `- ${kind} ${data}`);
    },

    follow({ heard, missed }) {
      /** The followed logs by their channel. */
      const logs = new Map<string, string>();
      const connection = subscriber();
      connection.on('message', (channel: string, published: string) => {
        const log = logs.get(channel);
        if (log !== undefined) heard(log, decode(published));
      });
      // After a break, what was published meanwhile is in the log.
      connection.on('ready', () => {
        if (logs.size > 0) connection.subscribe(...logs.keys()).then(() => missed(), ignore);
      });
      const alive = setInterval(() => {
        if (connection.status === 'ready') connection.ping().catch(ignore);
      }, ALIVE_EVERY_MS).unref();
      connection.on('error', ignore); // It reconnects by itself, and /readyz reports Redis.
      return {
        async follow(log) {
          logs.set(keyOf(log, 'live'), log);
          await connection.subscribe(keyOf(log, 'live'));
        },
        unfollow(log) {
          logs.delete(keyOf(log, 'live'));
          connection.unsubscribe(keyOf(log, 'live')).catch(ignore);
        },
        close() {
          clearInterval(alive);
          connection.disconnect();
        },
      };
    },
  };
}

function decode(published: string): LogEntry | LogSignal {
  const [position = '', kind = '', data = ''] = published.split(' ');
  return position === '-' ? { kind, data } : { position, kind, data };
}

function ignore(): void {}
