import type { Redis } from 'ioredis';
import type { ShortLived } from '../short-lived.js';

/** One Redis string per value. `redis` fails fast; `prefix` is the first part of every key. */
export function createRedisShortLived(redis: Redis, prefix: string): ShortLived {
  const keyOf = (key: string) => `${prefix}:${key}`;
  return {
    get: async (key) => (await redis.get(keyOf(key))) ?? undefined,
    touch: async (key, ttlMs) => (await redis.getex(keyOf(key), 'PX', ttlMs)) ?? undefined,
    set: async (key, value, ttlMs) => void (await redis.set(keyOf(key), value, 'PX', ttlMs)),
    remove: async (key) => void (await redis.del(keyOf(key))),
    take: async (key) => (await redis.getdel(keyOf(key))) ?? undefined,
    async count(key, by, ttlMs) {
      if (by === 0) return Number((await redis.get(keyOf(key))) ?? 0);
      // In one transaction: a number without an end would lock somebody out for good. NX keeps the time it began with.
      const done = await redis.multi().incr(keyOf(key)).pexpire(keyOf(key), ttlMs, 'NX').exec();
      return Number(done?.[0]?.[1] ?? 0);
    },
  };
}
