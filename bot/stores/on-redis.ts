import type { Redis } from 'ioredis';
import { createRedisMailbox } from '../conversation/redis-mailbox.js';
import { createJobs } from '../jobs.js';
import { openRedis, type RedisSettings, type RedisStore } from './redis.js';
import { createRedisLiveLog } from './redis-live-log.js';
import { createRedisShortLived } from './redis-short-lived.js';
import { PREFIX, type WorkingStores } from './working.js';

/** What is under way, in Redis. Rejects as `openRedis` does. */
export async function openWorkingOnRedis(settings: RedisSettings): Promise<WorkingStores> {
  const store = await openRedis(settings);
  // One for all: what is sent in the same moment goes out in one write.
  const webhooks = await readyConnection(store);
  const workers = store.forWorkers;
  return {
    kind: 'redis',
    description: store.description,
    shortLived: createRedisShortLived(webhooks, PREFIX),
    liveLog: createRedisLiveLog({ commands: webhooks, subscriber: workers, prefix: `${PREFIX}:web` }),
    mailbox: (vault) => createRedisMailbox({ webhooks, workers, prefix: PREFIX, vault }),
    jobs: () => createJobs({ webhooks, workers, prefix: PREFIX }),
    ping: () => store.ping(),
    close: () => store.close(),
  };
}

/** Nothing may be sent before it is ready: it keeps no commands for later. */
async function readyConnection(store: RedisStore): Promise<Redis> {
  const connection = store.forWebhooks();
  if (connection.status !== 'ready') await new Promise((resolve) => connection.once('ready', resolve));
  return connection;
}
