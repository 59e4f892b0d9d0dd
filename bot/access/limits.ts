import { LRUCache } from 'lru-cache';
import type { Logger } from '../log.js';
import { HttpProblem } from '../problem.js';
import type { ShortLived } from '../short-lived.js';

/** So many in so long, per name, counted over all processes. */
export interface Limit {
  readonly name: string;
  readonly most: number;
  readonly windowMs: number;
}

export interface Limits {
  /** Counts one. Throws a 429 with `Retry-After` when that is one too many. */
  hit(limit: Limit, who: string): Promise<void>;
  /** Throws the same when there were as many as may be already; counts nothing. */
  check(limit: Limit, who: string): Promise<void>;
}

/** Names kept in this process while the store is away. */
const MAX_NAMES = 10_000;

/**
 * Fixed windows on the clock. While the store is away this process counts alone: callbacks about money must go on, and one
 * process's share of the limit still holds.
 */
export function createLimits(
  store: Pick<ShortLived, 'count'>,
  log: Pick<Logger, 'warn'>,
  now: () => number = Date.now,
): Limits {
  /** Said once each time it goes away. */
  let away = false;
  const alone = new LRUCache<string, number>({ max: MAX_NAMES });

  async function count({ name, windowMs }: Limit, who: string, by: 0 | 1): Promise<number> {
    const key = `rate:${name}:${who}:${Math.floor(now() / windowMs)}`;
    try {
      const counted = await store.count(key, by, windowMs);
      away = false;
      return counted;
    } catch (error) {
      if (!away) log.warn({ err: error }, 'rate limits are counted in this process alone');
      away = true;
      const counted = (alone.get(key) ?? 0) + by;
      alone.set(key, counted, { ttl: windowMs });
      return counted;
    }
  }
  const tooMany = ({ windowMs }: Limit) => {
    const seconds = Math.max(1, Math.ceil((windowMs - (now() % windowMs)) / 1000));
    const headers = { 'retry-after': String(seconds) };
    return new HttpProblem(429, 'TOO_MANY_REQUESTS', 'Too many requests. Please come back later.', {}, { headers });
  };
  return {
    async hit(limit, who) {
      if ((await count(limit, who, 1)) > limit.most) throw tooMany(limit);
    },
    async check(limit, who) {
      if ((await count(limit, who, 0)) >= limit.most) throw tooMany(limit);
    },
  };
}
