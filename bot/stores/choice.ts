import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { StoreUnavailable } from './errors.js';
import { findProgram } from './redis-server.js';
import type { WorkingStores } from './working.js';

export interface StoreSettings {
  /** Said in so many words, which settles it. */
  readonly stores: WorkingStores['kind'] | undefined;
  readonly redisUrl: string | undefined;
  readonly dataDir: string;
}

/**
 * Where what is under way is kept: in Redis where there is one, be it a server or a program to start, else in PostgreSQL. Throws
 * `StoreUnavailable` when Redis was used here before and its program is gone: what it holds must not be forgotten by accident.
 */
export function chooseWorking({ stores, redisUrl, dataDir }: StoreSettings): WorkingStores['kind'] {
  if (stores !== undefined) return stores;
  if (redisUrl !== undefined || findProgram() !== undefined) return 'redis';
  if (!hasEmbeddedRedis(dataDir)) return 'postgres';
  const earlier = embeddedRedis(dataDir);
  throw new StoreUnavailable(
    `${earlier} holds conversations of an earlier start, and there is no redis-server on the PATH any more: install it, set ` +
      'REDIS_URL, or set REFILL_STORES=postgres to begin without them',
  );
}

/** True when an embedded Redis was ever started in this data directory. */
export function hasEmbeddedRedis(dataDir: string): boolean {
  return existsSync(embeddedRedis(dataDir));
}

const embeddedRedis = (dataDir: string): string => resolve(dataDir, 'redis', 'appendonlydir');
